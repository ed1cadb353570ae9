package schema

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// stringRules are the constraints on a string.
type stringRules struct {
	min, max int // in characters (Unicode code points); max < 0 if there is none
	pattern  *pattern
	format   *format
	enum     *choices
}

// newStringRules takes the constraints from tg; nil if there are none.
func newStringRules(tg *tags) (*stringRules, error) {
	if len(tg.left) == 0 {
		return nil, nil
	}
	r := &stringRules{}
	var err error
	if r.min, err = tg.takeInt("minLength", 0); err != nil {
		return nil, err
	}
	if r.max, err = tg.takeInt("maxLength", -1); err != nil {
		return nil, err
	}
	if r.max >= 0 && r.max < r.min {
		return nil, fmt.Errorf("maxLength %d is less than minLength %d", r.max, r.min)
	}
	if err := r.takePattern(tg); err != nil {
		return nil, err
	}
	if name, ok := tg.take("format"); ok {
		if r.format, err = stringFormat(name); err != nil {
			return nil, err
		}
	}
	if text, ok := tg.take("enum"); ok {
		if r.enum, err = stringChoices(text); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *stringRules) takePattern(tg *tags) error {
	text, ok := tg.take("pattern")
	if !ok {
		return nil
	}
	var err error
	if r.pattern, err = compilePattern(text); err != nil {
		return fmt.Errorf("pattern %q: %w", text, err)
	}
	return nil
}

// withFormat returns rules that also ask for the format of a type.
func (r *stringRules) withFormat(f *format) (*stringRules, error) {
	if r == nil {
		return &stringRules{max: -1, format: f}, nil
	}
	if r.format != nil && r.format != f {
		return nil, fmt.Errorf("format %q contradicts the type's own format %q", r.format.name, f.name)
	}
	r.format = f
	return r, nil
}

func (r *stringRules) formatName() string {
	if r == nil || r.format == nil {
		return ""
	}
	return r.format.name
}

func (r *stringRules) describe(x *emitter, o *object, null bool) {
	if r == nil {
		return
	}
	r.enum.describe(o, null)
	o.text("format", r.formatName())
	if r.format != nil && r.format.pattern != "" {
		o.str("pattern", r.format.pattern)
	}
	if x.dir == output {
		return
	}
	if r.min > 0 {
		o.int("minLength", r.min)
	}
	if r.max >= 0 {
		o.int("maxLength", r.max)
	}
	if r.pattern != nil {
		o.str("pattern", r.pattern.text)
	}
}

// check reports each rule that text, the value of the literal raw, breaks.
func (r *stringRules) check(d *decoder, text, raw []byte) bool {
	return r.checkLength(d, text, raw) && r.checkForm(d, text, raw) && r.enum.check(d, text, raw)
}

func (r *stringRules) checkLength(d *decoder, text, raw []byte) bool {
	if r.min == 0 && r.max < 0 {
		return true
	}
	n := utf8.RuneCount(text)
	var expected string
	switch {
	case n < r.min:
		expected = "at least " + count(r.min, "character")
	case r.max >= 0 && n > r.max:
		expected = "at most " + count(r.max, "character")
	default:
		return true
	}
	return d.report(FieldError{
		Detail:   fmt.Sprintf("must be %s long, but has %d", expected, n),
		Expected: expected,
		Received: excerpt(raw),
	})
}

func (r *stringRules) checkForm(d *decoder, text, raw []byte) bool {
	if r.pattern != nil && !r.pattern.re.Match(text) {
		if !d.report(FieldError{
			Detail:   "must match the regular expression " + r.pattern.text,
			Expected: "text that matches " + r.pattern.text,
			Received: excerpt(raw),
		}) {
			return false
		}
	}
	if r.format == nil || r.format.valid == nil || r.format.valid(text) {
		return true
	}
	return d.report(FieldError{
		Detail:   fmt.Sprintf("must be %s, such as %s", r.format.noun, r.format.sample),
		Expected: r.format.name,
		Received: excerpt(raw),
	})
}

// count writes "1 item" or "2 items".
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
