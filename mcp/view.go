package mcp

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/tandem-go/tandem"
)

// view is what some callers see of a catalog. It is immutable.
type view struct {
	lists     [kinds]list
	tools     map[string]*tool
	prompts   map[string]*tandem.RegisteredPrompt
	fixed     map[string]*tandem.RegisteredResource // by URI
	templates []*tandem.RegisteredResource
	completes bool     // values of some argument can be suggested
	fallback  features // what the SDK's server has beyond it
}

func (c *catalog) newView(sees func(*tandem.Registered) bool, hints []byte, fallback features) *view {
	v := &view{
		tools:    map[string]*tool{},
		prompts:  map[string]*tandem.RegisteredPrompt{},
		fixed:    map[string]*tandem.RegisteredResource{},
		fallback: fallback,
	}
	for k := range kinds {
		seen := slices.DeleteFunc(slices.Clone(c.entries[k]), func(e entry) bool { return !sees(e.op) })
		for _, e := range seen {
			e.add(v)
		}
		v.lists[k] = list{
			member:     members[k],
			entries:    seen,
			size:       c.door.cfg.PageSize,
			modernTail: slices.Concat(hints, []byte(","), c.door.serverMeta),
			goesOn:     fallback.lists(k),
		}
		v.lists[k].encode()
	}
	return v
}

// lists reports whether the SDK's server has a list of this kind.
func (f features) lists(k kind) bool {
	switch k {
	case resources, templates:
		return f.resources
	case prompts:
		return f.prompts
	}
	return false
}

// has says which parts of the protocol the view has something for.
func (v *view) has() features {
	return features{
		prompts:     v.fallback.prompts || len(v.prompts) > 0,
		resources:   v.fallback.resources || len(v.fixed)+len(v.templates) > 0,
		completions: v.fallback.completions || v.completes,
	}
}

// resource returns the resource of a URI with the arguments that read it: a fixed
// URI before a template, else the first that matches. It is nil for none.
func (v *view) resource(uri string) (*tandem.RegisteredResource, []byte) {
	if r, ok := v.fixed[uri]; ok {
		args, _ := r.ArgumentsOf(uri)
		return r, args
	}
	for _, r := range v.templates {
		if args, ok := r.ArgumentsOf(uri); ok {
			return r, args
		}
	}
	return nil, nil
}

// list is one list of a view, with its pages encoded.
type list struct {
	member     string
	entries    []entry
	size       int    // of a page
	modernTail []byte // members that a modern result has besides
	goesOn     bool   // after the last page comes what the SDK's server has
	legacy     map[string][]byte
	modern     map[string][]byte
}

// sdkCursor begins the cursors of what the SDK's server has after a list. Those of
// a list's own are base64.
const sdkCursor = "sdk:"

func (l *list) encode() {
	l.legacy, l.modern = map[string][]byte{}, map[string][]byte{}
	for start := 0; ; {
		cursor := ""
		if start > 0 {
			cursor = cursorAfter(l.entries[start-1].name)
		}
		l.legacy[cursor], l.modern[cursor] = l.page(start, false), l.page(start, true)
		if start += l.size; start >= len(l.entries) {
			return
		}
	}
}

// cursorAfter names the last entry of the page before, so that the cursor stays
// good when others are added or removed.
func cursorAfter(name string) string {
	return base64.RawURLEncoding.EncodeToString([]byte("after " + name))
}

// page encodes the page that begins with an entry.
func (l *list) page(start int, modern bool) []byte {
	page := []byte{'{'}
	if modern {
		page = append(page, `"resultType":"complete",`...)
	}
	page = append(page, `"`+l.member+`":[`...)
	end := min(start+l.size, len(l.entries))
	for i, e := range l.entries[start:end] {
		if i > 0 {
			page = append(page, ',')
		}
		page = append(page, e.encoded...)
	}
	page = append(page, ']')
	switch {
	case end < len(l.entries):
		page = append(page, `,"nextCursor":"`+cursorAfter(l.entries[end-1].name)+`"`...)
	case l.goesOn:
		page = append(page, `,"nextCursor":"`+sdkCursor+`"`...)
	}
	if modern {
		page = append(page, l.modernTail...)
	}
	return append(page, '}')
}

// at returns the page at a cursor, "" for the first one.
func (l *list) at(cursor string, modern bool) ([]byte, error) {
	pages := l.legacy
	if modern {
		pages = l.modern
	}
	if page, ok := pages[cursor]; ok {
		return page, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	name, ok := strings.CutPrefix(string(text), "after ")
	i := slices.IndexFunc(l.entries, func(e entry) bool { return e.name == name })
	if err != nil || !ok || i < 0 {
		return nil, invalidParams("unknown cursor")
	}
	return l.page(i+1, modern), nil // the pages have moved since
}
