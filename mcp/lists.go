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
	s, err := d.sight(ctx)
	if err != nil {
		return dst, err
	}
	v := s.view(ctx)
	if !v.features.lists(k) && k != tools {
		return dst, methodNotFound(x.msg.method)
	}
	position, err := d.position(ctx, k, x.msg.params.cursor)
	if err != nil {
		return dst, err
	}
	l := &v.lists[k]
	if cursor, ok := strings.CutPrefix(position, positionSDK); l.goesOn && (ok || len(l.entries) == 0) {
		return d.bridgeList(ctx, dst, x, s, k, cursor)
	}
	p, err := l.at(d, position, x.modern())
	if err != nil {
		return dst, err
	}
	dst = append(append(dst, p.head...), d.cursor(ctx, k, p.next)...)
	return append(dst, p.tail...), nil
}

// bridgeList appends a page of the SDK's server that follows the service's own,
// without what the service's own stand before.
func (d *Door) bridgeList(ctx context.Context, dst []byte, x *exchange, s sight, k kind, cursor string) ([]byte, error) {
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
		setText(page, "nextCursor", d.svc.Cursor(ctx, members[k], positionSDK+next))
	}
	if page[members[k]], err = s.without(ctx, k, page[members[k]]); err != nil {
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
// the caller sees something of that name or URI of the service's own.
func (s sight) without(ctx context.Context, k kind, entries jsontext.Value) (jsontext.Value, error) {
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
		named := k == prompts && s.prompt(ctx, id.Name) != nil
		located := k == resources && s.fixed(ctx, id.URI) != nil
		if !named && !located {
			reached = append(reached, e)
		}
	}
	return json.Marshal(reached)
}

// toolsPage returns the page of tools/list for a raw cursor, nil for the first page.
func (d *Door) toolsPage(ctx context.Context, modern bool, rawCursor []byte) (page, error) {
	position, err := d.position(ctx, tools, rawCursor)
	if err != nil {
		return page{}, err
	}
	s, err := d.sight(ctx)
	if err != nil {
		return page{}, err
	}
	return s.view(ctx).lists[tools].at(d, position, modern)
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
	p.finish(http.StatusOK, 0, appendResultHead(nil, m.id), page.head, d.cursor(ctx, tools, page.next), page.tail, closing)
}

var closing = []byte("}")
