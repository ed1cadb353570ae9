package mcp

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// cacheHints returns the members that a modern client may cache by, 2026-07-28,
// section "Caching". What depends on the caller is private.
func (d *Door) cacheHints(private bool) []byte {
	scope := "public"
	if private {
		scope = "private"
	}
	return []byte(`,"ttlMs":` + strconv.FormatInt(d.cfg.ListTTL.Milliseconds(), 10) + `,"cacheScope":"` + scope + `"`)
}

// listOf returns the kind of things that a method lists.
func listOf(method []byte) (kind, bool) {
	switch string(method) {
	case methodToolsList:
		return tools, true
	case "resources/list":
		return resources, true
	case "resources/templates/list":
		return templates, true
	case "prompts/list":
		return prompts, true
	}
	return 0, false
}

// appendList appends a page of a list: first what the service has, then what the
// SDK's server has.
func (d *Door) appendList(ctx context.Context, dst []byte, x *exchange, k kind) ([]byte, error) {
	v, err := d.view(ctx)
	if err != nil {
		return dst, err
	}
	cursor, err := cursorOf(x.msg.params.cursor)
	switch has := v.has(); {
	case err != nil:
		return dst, err
	case k == prompts && !has.prompts, (k == resources || k == templates) && !has.resources:
		return dst, methodNotFound(x.msg.method)
	case v.lists[k].goesOn && len(v.lists[k].entries) == 0:
		return d.bridge(ctx, dst, x)
	case v.lists[k].goesOn && strings.HasPrefix(cursor, sdkCursor):
		return d.bridgeList(ctx, dst, x, strings.TrimPrefix(cursor, sdkCursor))
	}
	page, err := v.lists[k].at(cursor, x.modern())
	return append(dst, page...), err
}

// cursorOf returns the text of a raw cursor; "" for none.
func cursorOf(raw []byte) (string, error) {
	if raw == nil {
		return "", nil
	}
	cursor, ok := text(raw)
	if !ok {
		return "", invalidParams(`"cursor" must be a string`)
	}
	return cursor, nil
}

// bridgeList appends a page of the SDK's server that follows the service's own.
func (d *Door) bridgeList(ctx context.Context, dst []byte, x *exchange, cursor string) ([]byte, error) {
	params := jsontext.Value(x.msg.params.raw)
	params, err := withMember(params, "cursor", cursor)
	if err != nil {
		return dst, err
	}
	result, err := d.dispatch(ctx, x, string(x.msg.method), params)
	if err != nil {
		return dst, err
	}
	var next struct {
		Cursor string `json:"nextCursor"`
	}
	if err := json.Unmarshal(result, &next); err != nil {
		return dst, err
	}
	if next.Cursor != "" {
		if result, err = withMember(result, "nextCursor", sdkCursor+next.Cursor); err != nil {
			return dst, err
		}
	}
	return append(dst, result...), nil
}

// withMember returns an object with a member set, or without it for "".
func withMember(object jsontext.Value, name, value string) (jsontext.Value, error) {
	var all map[string]jsontext.Value
	if err := json.Unmarshal(object, &all); err != nil {
		return nil, err
	}
	delete(all, name)
	if value != "" {
		all[name] = appendString(nil, []byte(value))
	}
	return json.Marshal(all, json.Deterministic(true))
}

// toolsPage returns the result of tools/list for a raw cursor, nil for the first
// page.
func (d *Door) toolsPage(ctx context.Context, modern bool, rawCursor []byte) ([]byte, error) {
	v, err := d.view(ctx)
	if err != nil {
		return nil, err
	}
	cursor, err := cursorOf(rawCursor)
	if err != nil {
		return nil, err
	}
	return v.lists[tools].at(cursor, modern)
}

// replyList answers tools/list without a copy of the page.
func (d *Door) replyList(ctx context.Context, p *reply, m *message, modern bool) {
	page, err := d.toolsPage(ctx, modern, m.params.cursor)
	if err != nil {
		fault := d.fault(ctx, err)
		status := http.StatusOK
		if modern {
			status = fault.httpStatus()
		}
		p.finish(status, 0, appendRPCError(nil, m.id, fault))
		return
	}
	p.finish(http.StatusOK, 0, appendResultHead(nil, m.id), page, []byte("}"))
}
