package binding

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/tandem-go/tandem/internal/schema"
)

// Arguments appends to dst the one arguments object that a request carries, and
// returns what cannot be part of it: an argument in another place than its own,
// a second value where one is taken, a query that is not well escaped, a body
// where none is taken. Everything else is for the decoder to judge: text that is
// no number where one is expected goes in as a string, an unknown query parameter
// as an unknown property, and a body that is no object stands for the whole, so
// that both doors report them alike.
//
// The body is spliced as it came. No body counts as an empty object.
func (p *Plan) Arguments(dst []byte, r *http.Request, body []byte) ([]byte, []schema.FieldError) {
	if len(p.apart) == 0 && r.URL.RawQuery == "" && p.TakesBody() && len(body) > 0 {
		return append(dst, body...), nil
	}
	b := binder{plan: p, dst: slices.Grow(dst, p.room+len(body)+len(r.URL.Path)+len(r.URL.RawQuery))}
	if !b.body(body) {
		return append(dst, body...), nil
	}
	b.apart(r)
	b.query(r.URL.RawQuery)
	return append(b.dst, '}'), b.invalid
}

// binder builds one arguments object.
type binder struct {
	plan    *Plan
	dst     []byte
	comma   bool     // the next member needs one before it
	astray  []*Param // arguments that came in the body and should not
	invalid []schema.FieldError
}

// body begins the object with the body's members; false means that the body is
// no JSON object.
func (b *binder) body(body []byte) bool {
	takes := b.plan.TakesBody()
	if !takes && len(body) > 0 {
		b.refuse("", fmt.Sprintf("a %s request has no body here: the path and the query carry the arguments", b.plan.Method), "no body")
	}
	if !takes || len(body) == 0 {
		b.dst = append(b.dst, '{')
		return true
	}
	open, empty, ok := cutBody(body, b.member)
	b.dst = append(b.dst, open...)
	b.comma = !empty
	return ok
}

// member refuses a member of the body that is an argument from elsewhere.
func (b *binder) member(name []byte) {
	if len(b.plan.apart) == 0 {
		return
	}
	if param := b.plan.byName[string(name)]; param != nil && param.Place != Body && !b.skips(param) {
		b.astray = append(b.astray, param)
		b.misplaced(param, Body)
	}
}

// skips reports whether the argument is in the body already, though it should
// not be. It is refused then, and a second member would only blur the report.
func (b *binder) skips(param *Param) bool {
	for _, p := range b.astray {
		if p == param {
			return true
		}
	}
	return false
}

// apart binds the path variables and the headers.
func (b *binder) apart(r *http.Request) {
	for _, param := range b.plan.apart {
		switch {
		case b.skips(param):
		case param.Place == Path:
			b.text(param, r.PathValue(param.Name))
		case param.Place == Header:
			b.header(param, r.Header[param.Key])
		}
	}
}

func (b *binder) header(param *Param, values []string) {
	switch len(values) {
	case 0:
	case 1:
		b.text(param, values[0])
	default:
		b.repeated(param, len(values))
	}
}

// name begins a member.
func (b *binder) name(name string) {
	if b.comma {
		b.dst = append(b.dst, ',')
	}
	b.comma = true
	b.dst = append(AppendString(b.dst, name), ':')
}

func (b *binder) text(param *Param, text string) {
	b.name(param.Name)
	b.dst = AppendText(b.dst, param.Kind, text)
}

func (b *binder) refuse(pointer, detail, expected string) {
	b.invalid = append(b.invalid, schema.FieldError{Pointer: pointer, Detail: detail, Expected: expected})
}

func (b *binder) misplaced(param *Param, came Place) {
	b.refuse(pointerTo(param.Name), fmt.Sprintf("belongs in the %s, not in the %s", param.where(), came), "to be in the "+param.where())
}

func (b *binder) repeated(param *Param, times int) {
	b.refuse(pointerTo(param.Name), fmt.Sprintf("is given %d times, but takes one value", times), "one value")
}

// where names the argument's place for people.
func (p *Param) where() string {
	if p.Place == Header {
		return "header " + p.Key
	}
	return p.Place.String()
}
