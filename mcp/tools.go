package mcp

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-go/tandem"
)

// tool is an operation as MCP sees it.
type tool struct {
	op *tandem.Registered
	// wrapped says that the output is not an object. Structured content must be
	// one, so that it becomes {"result": output}.
	wrapped bool
}

// toolTable is the tools of a service at one time, with every page of tools/list
// encoded. It is immutable.
type toolTable struct {
	operations []*tandem.Registered // what it was built from
	byName     map[string]*tool
	legacy     map[string][]byte // cursor → result
	modern     map[string][]byte
}

// table returns the current tools, building the table anew if operations were
// added to the service.
func (d *Door) table() (*toolTable, error) {
	operations := d.svc.Operations()
	if t := d.tools.Load(); t != nil && slices.Equal(t.operations, operations) {
		return t, nil
	}
	t, err := d.buildTable(operations)
	if err != nil {
		return nil, err
	}
	d.tools.Store(t)
	return t, nil
}

// tool returns the tool of this name, nil if there is none.
func (d *Door) tool(name []byte) (*tool, error) {
	if found, ok := d.tools.Load().byName[string(name)]; ok {
		return found, nil
	}
	if _, ok := d.svc.Operation(string(name)); !ok {
		return nil, nil
	}
	t, err := d.table() // the operation is newer than the table, or has no MCP door
	if err != nil {
		return nil, err
	}
	return t.byName[string(name)], nil
}

func (d *Door) buildTable(operations []*tandem.Registered) (*toolTable, error) {
	t := &toolTable{
		operations: operations,
		byName:     map[string]*tool{},
		legacy:     map[string][]byte{},
		modern:     map[string][]byte{},
	}
	var names []string
	var encoded [][]byte
	for _, op := range operations {
		if !op.Doors.Has(tandem.MCP) {
			continue
		}
		definition, wrapped, err := encodeTool(op)
		if err != nil {
			return nil, err
		}
		t.byName[op.Name] = &tool{op: op, wrapped: wrapped}
		names = append(names, op.Name)
		encoded = append(encoded, definition)
	}
	d.encodePages(t, names, encoded)
	return t, nil
}

// encodePages cuts the tools into pages. A cursor names the last tool of the page
// before, so that it stays good when tools are added.
func (d *Door) encodePages(t *toolTable, names []string, encoded [][]byte) {
	cursor := ""
	for start := 0; ; start += d.cfg.PageSize {
		end := min(start+d.cfg.PageSize, len(names))
		body := []byte(`"tools":[`)
		for i := start; i < end; i++ {
			if i > start {
				body = append(body, ',')
			}
			body = append(body, encoded[i]...)
		}
		body = append(body, ']')
		next := ""
		if end < len(names) {
			next = base64.RawURLEncoding.EncodeToString([]byte("after " + names[end-1]))
			body = append(body, `,"nextCursor":"`+next+`"`...)
		}
		t.legacy[cursor] = slices.Concat([]byte("{"), body, []byte("}"))
		t.modern[cursor] = slices.Concat([]byte(`{"resultType":"complete",`), body, d.cacheHints(), []byte(","), d.serverMeta, []byte("}"))
		if cursor = next; cursor == "" {
			return
		}
	}
}

// cacheHints returns the members that a modern client may cache by, 2026-07-28,
// section "Caching". The lists are the same for every caller.
func (d *Door) cacheHints() []byte {
	return []byte(`,"ttlMs":` + strconv.FormatInt(d.cfg.ListTTL.Milliseconds(), 10) + `,"cacheScope":"public"`)
}

// list returns the result of tools/list for a raw cursor, nil for the first page.
func (d *Door) list(modern bool, rawCursor []byte) ([]byte, error) {
	t, err := d.table()
	if err != nil {
		return nil, err
	}
	cursor := ""
	if rawCursor != nil {
		var ok bool
		if cursor, ok = text(rawCursor); !ok {
			return nil, invalidParams(`"cursor" must be a string`)
		}
	}
	pages := t.legacy
	if modern {
		pages = t.modern
	}
	page, ok := pages[cursor]
	if !ok {
		return nil, invalidParams("unknown cursor")
	}
	return page, nil
}

// replyList answers tools/list without a copy of the page.
func (d *Door) replyList(ctx context.Context, p *reply, m *message, modern bool) {
	page, err := d.list(modern, m.params.cursor)
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

// definition is a tool in tools/list.
type definition struct {
	Name         string         `json:"name"`
	Title        string         `json:"title,omitempty"`
	Description  string         `json:"description,omitempty"`
	InputSchema  jsontext.Value `json:"inputSchema"`
	OutputSchema jsontext.Value `json:"outputSchema,omitzero"`
	Annotations  annotations    `json:"annotations"`
}

// annotations are all explicit, since the specification's defaults are not what
// an operation's author would guess.
type annotations struct {
	Title       string `json:"title,omitempty"`
	ReadOnly    bool   `json:"readOnlyHint"`
	Destructive bool   `json:"destructiveHint"`
	Idempotent  bool   `json:"idempotentHint"`
	OpenWorld   bool   `json:"openWorldHint"`
}

// encodeTool returns the operation's definition, and whether its output is
// wrapped.
func encodeTool(op *tandem.Registered) (encoded []byte, wrapped bool, err error) {
	var output []byte
	if op.HasOutput() {
		if output, wrapped, err = objectSchema(op.OutputSchema()); err != nil {
			return nil, false, fmt.Errorf("mcp: tool %q: %w", op.Name, err)
		}
	}
	encoded, err = json.Marshal(definition{
		Name:         op.Name,
		Title:        op.Title,
		Description:  op.Description,
		InputSchema:  jsontext.Value(op.InputSchema()),
		OutputSchema: output,
		Annotations: annotations{
			Title:       op.Title,
			ReadOnly:    op.ReadOnly,
			Destructive: op.Destructive,
			Idempotent:  op.Idempotent,
			OpenWorld:   op.OpenWorld,
		},
	})
	if err != nil {
		return nil, false, fmt.Errorf("mcp: tool %q: %w", op.Name, err)
	}
	return encoded, wrapped, nil
}
