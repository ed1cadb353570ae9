package mcp

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// view is the lists that some callers see of a catalog. It is immutable.
type view struct {
	lists    [kinds]list
	features features // the parts of the protocol that there is something of
}

// newView makes the view of a sight by the verdicts; empty verdicts hide nothing.
func (c *catalog) newView(s sight, verdicts string) *view {
	beyond := s.beyond()
	v := &view{features: beyond}
	for k := range kinds {
		seen := slices.DeleteFunc(slices.Clone(c.entries[k]), func(e entry) bool {
			return !inToolsets(e.op, s.chosen) || verdicts != "" && verdicts[e.verdict] == hidden
		})
		v.features.add(k, seen)
		l := &v.lists[k]
		l.member, l.entries, l.size, l.goesOn = members[k], seen, c.door.cfg.PageSize, beyond.lists(k)
		for _, modern := range []bool{false, true} {
			l.era(modern).encode = func() map[string]page { return l.encode(c.door, modern, c.hides) }
		}
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

// add notes that there are these entries.
func (f *features) add(k kind, entries []entry) {
	f.prompts = f.prompts || k == prompts && len(entries) > 0
	f.resources = f.resources || (k == resources || k == templates) && len(entries) > 0
	f.completions = f.completions || slices.ContainsFunc(entries, func(e entry) bool { return e.completes })
}

// list is one list of a view.
type list struct {
	member  string
	entries []entry
	size    int  // of a page
	goesOn  bool // after the last page comes what the SDK's server has
	legacy  pages
	modern  pages
}

// pages are those of a list in one era, by their positions, encoded when the first
// one is asked for.
type pages struct {
	once   sync.Once
	encode func() map[string]page
	all    map[string]page
}

func (l *list) era(modern bool) *pages {
	if modern {
		return &l.modern
	}
	return &l.legacy
}

// page is an encoded page. Its cursor is for each caller another one.
type page struct {
	head []byte
	next string // the position of the next page; empty for the last page
	tail []byte // what follows the cursor
}

// A position is where a page begins: "" is the first one, then after an entry, so
// that it stays good when others are added or removed, then what the SDK's server
// calls it.
const (
	positionAfter = "after "
	positionSDK   = "sdk:"
)

func (l *list) encode(d *Door, modern, private bool) map[string]page {
	all := map[string]page{}
	for start := 0; ; {
		position := ""
		if start > 0 {
			position = positionAfter + l.entries[start-1].name
		}
		all[position] = l.page(d, start, modern, private)
		if start += l.size; start >= len(l.entries) {
			return all
		}
	}
}

// page encodes the page that begins with an entry. One that has a cursor is for its
// caller alone.
func (l *list) page(d *Door, start int, modern, private bool) page {
	var p page
	p.head = append(p.head, '{')
	if modern {
		p.head = append(p.head, `"resultType":"complete",`...)
	}
	p.head = append(p.head, `"`+l.member+`":[`...)
	end := min(start+l.size, len(l.entries))
	for i, e := range l.entries[start:end] {
		if i > 0 {
			p.head = append(p.head, ',')
		}
		p.head = append(p.head, e.encoded...)
	}
	p.head = append(p.head, ']')
	switch {
	case end < len(l.entries):
		p.next = positionAfter + l.entries[end-1].name
	case l.goesOn:
		p.next = positionSDK
	}
	if modern {
		p.tail = slices.Concat(d.cacheHints(private || p.next != ""), []byte(","), d.serverMeta)
	}
	p.tail = append(p.tail, '}')
	return p
}

// at returns the page at a position.
func (l *list) at(d *Door, position string, modern bool) (page, error) {
	era := l.era(modern)
	era.once.Do(func() { era.all = era.encode() })
	if p, ok := era.all[position]; ok {
		return p, nil
	}
	name, ok := strings.CutPrefix(position, positionAfter)
	i := slices.IndexFunc(l.entries, func(e entry) bool { return e.name == name })
	if !ok || i < 0 {
		return page{}, errUnknownCursor
	}
	return l.page(d, i+1, modern, d.cfg.HideForbidden), nil // the pages have moved since
}

var errUnknownCursor = invalidParams("unknown cursor")

// cursor returns the member that leads the caller of ctx to the next page of a
// list; nil for none.
func (d *Door) cursor(ctx context.Context, k kind, next string) []byte {
	if next == "" {
		return nil
	}
	return []byte(`,"nextCursor":"` + d.svc.Cursor(ctx, members[k], next) + `"`)
}

// position returns where the page begins that a raw cursor leads to; "" for the
// first page. A cursor that another caller was given is unknown. The error is a
// *rpcError.
func (d *Door) position(ctx context.Context, k kind, raw []byte) (string, error) {
	if raw == nil {
		return "", nil
	}
	cursor, ok := text(raw)
	switch {
	case !ok:
		return "", invalidParams(`"cursor" must be a string`)
	case cursor == "":
		return "", nil
	}
	position, ok := d.svc.ReadCursor(ctx, members[k], cursor)
	if !ok {
		return "", errUnknownCursor
	}
	return position, nil
}
