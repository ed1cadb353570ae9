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
		return d.bridgeList(ctx, dst, x, v, k, strings.TrimPrefix(cursor, sdkCursor))
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

// bridgeList appends a page of the SDK's server that follows the service's own,
// without what the service's own stand before.
func (d *Door) bridgeList(ctx context.Context, dst []byte, x *exchange, v *view, k kind, cursor string) ([]byte, error) {
	var params map[string]jsontext.Value
	if err := json.Unmarshal(x.msg.params.raw, &params); err != nil {
		return dst, err
	}
	setText(params, "cursor", cursor)
	encoded, err := json.Marshal(params)
	if err != nil {
		return dst, err
	}
	result, err := d.dispatch(ctx, x, string(x.msg.method), encoded)
	if err != nil {
		return dst, err
	}
	var page map[string]jsontext.Value
	if err := json.Unmarshal(result, &page); err != nil {
		return dst, err
	}
	if next, ok := text(page["nextCursor"]); ok {
		setText(page, "nextCursor", sdkCursor+next)
	}
	if page[members[k]], err = v.without(k, page[members[k]]); err != nil {
		return dst, err
	}
	encoded, err = json.Marshal(page, json.Deterministic(true))
	return append(dst, encoded...), err
}

// setText sets a member of an object to a string, or takes it out for "".
func setText(object map[string]jsontext.Value, name, value string) {
	delete(object, name)
	if value != "" {
		object[name] = appendString(nil, []byte(value))
	}
}

// without returns a list of the SDK's server without what cannot be reached, since
// the view has something of that name or URI.
func (v *view) without(k kind, entries jsontext.Value) (jsontext.Value, error) {
	var all []jsontext.Value
	if err := json.Unmarshal(entries, &all); err != nil {
		return nil, err
	}
	reached := []jsontext.Value{}
	for _, e := range all {
		var id struct {
			Name string `json:"name"`
			URI  string `json:"uri"`
		}
		if err := json.Unmarshal(e, &id); err != nil {
			return nil, err
		}
		_, named := v.prompts[id.Name]
		_, located := v.fixed[id.URI]
		if !(k == prompts && named) && !(k == resources && located) {
			reached = append(reached, e)
		}
	}
	return json.Marshal(reached)
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
