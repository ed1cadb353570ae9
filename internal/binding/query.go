package binding

import (
	"fmt"
	"net/url"
	"strings"
)

const (
	maxPairs   = 1000 // key=value pairs in a query; the work per request stays bounded
	maxUnknown = 16   // unknown query parameters that are reported
)

// pair is one key=value of a query.
type pair struct {
	param *Param // nil for an unknown key
	key   string
	value string
}

// pairs splits a query as HTML forms encode it (WHATWG URL section 5.1). What
// servers and proxies read differently, such as ';', is refused.
func (b *binder) pairs(dst []pair, query string) []pair {
	for query != "" {
		var text string
		text, query, _ = strings.Cut(query, "&")
		if text == "" {
			continue
		}
		if len(dst) == maxPairs {
			b.refuse("", fmt.Sprintf("the query has more than %d parameters", maxPairs), fmt.Sprintf("at most %d parameters", maxPairs))
			return dst[:0]
		}
		if p, ok := b.pair(text); ok {
			dst = append(dst, p)
		}
	}
	return dst
}

func (b *binder) pair(text string) (pair, bool) {
	rawKey, rawValue, _ := strings.Cut(text, "=")
	key, err := url.QueryUnescape(rawKey)
	if err != nil || strings.Contains(rawKey, ";") {
		b.refuse("", "the query has a parameter whose name is not well escaped", "percent-encoded text, ';' as %3B")
		return pair{}, false
	}
	value, err := url.QueryUnescape(rawValue)
	if err != nil || strings.Contains(rawValue, ";") {
		b.refuse(pointerTo(key), "the text in the query is not well escaped", "percent-encoded text, ';' as %3B")
		return pair{}, false
	}
	return pair{param: b.plan.byName[key], key: key, value: value}, true
}

// query binds every parameter of a query, once per key.
func (b *binder) query(query string) {
	if query == "" {
		return
	}
	var room [8]pair
	pairs := b.pairs(room[:0], query)
	unknown := 0
	for i, p := range pairs {
		switch {
		case p.param == nil && unknown == maxUnknown: // enough of them are refused, or all are dropped
		case isRepeat(pairs[:i], p):
		case p.param == nil:
			unknown++
			b.name(p.key)
			b.dst = AppendString(b.dst, p.value)
		case p.param.Place != Query:
			b.misplaced(p.param, Query)
		case b.skips(p.param):
		case p.param.Kind == "array":
			b.array(p.param, pairs[i:])
		default:
			b.scalar(p.param, pairs[i:])
		}
	}
}

func isRepeat(before []pair, p pair) bool {
	for i := range before {
		if before[i].param == p.param && (p.param != nil || before[i].key == p.key) {
			return true
		}
	}
	return false
}

// array binds all values of a parameter: ?tag=a&tag=b (form style, explode).
func (b *binder) array(param *Param, pairs []pair) {
	b.name(param.Name)
	opening := byte('[')
	for i := range pairs {
		if pairs[i].param == param {
			b.dst = append(b.dst, opening)
			b.dst = AppendText(b.dst, param.ItemKind, pairs[i].value)
			opening = ','
		}
	}
	b.dst = append(b.dst, ']')
}

func (b *binder) scalar(param *Param, pairs []pair) {
	times := 0
	for i := range pairs {
		if pairs[i].param == param {
			times++
		}
	}
	if times > 1 {
		b.repeated(param, times)
		return
	}
	b.text(param, pairs[0].value)
}

var escapeToken = strings.NewReplacer("~", "~0", "/", "~1")

// pointerTo returns the JSON Pointer (RFC 6901) to a member of the arguments object.
func pointerTo(name string) string { return "/" + escapeToken.Replace(name) }
