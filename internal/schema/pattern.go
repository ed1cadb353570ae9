package schema

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// pattern is the pattern keyword: an ECMA-262 regular expression (with its u flag), searched for anywhere in the text.
type pattern struct {
	text string // as it was written, and is emitted
	re   *regexp.Regexp
}

// compilePattern compiles an expression to RE2. What means something else in RE2 is translated, and what RE2 cannot do or ECMA-262
// does not have is refused, so that other validators agree.
func compilePattern(text string) (*pattern, error) {
	t := translator{in: text}
	if err := t.translate(); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(t.out.String())
	if err != nil {
		return nil, err
	}
	return &pattern{text: text, re: re}, nil
}

// ECMA-262 counts more characters as white space and as line ends than RE2.
const (
	ecmaSpace   = `\t\n\v\f\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}`
	ecmaLineEnd = `\n\r\x{2028}\x{2029}`
)

// translator rewrites an expression of ECMA-262 for RE2.
type translator struct {
	in      string
	pos     int
	inClass bool
	out     strings.Builder
}

func (t *translator) translate() error {
	for t.pos < len(t.in) {
		if err := t.next(); err != nil {
			return err
		}
	}
	return nil
}

// next translates one element.
func (t *translator) next() error {
	rest := t.in[t.pos:]
	switch c := rest[0]; {
	case c == '\\':
		return t.escape(rest)
	case t.inClass && strings.HasPrefix(rest, "[:"):
		return errors.New("ECMA-262 has no classes such as [[:alpha:]]")
	case t.inClass:
		t.inClass = c != ']'
	case c == '[':
		t.inClass = true
	case c == '.':
		t.pos++
		t.out.WriteString("[^" + ecmaLineEnd + "]")
		return nil
	case strings.HasPrefix(rest, "(?"):
		return t.group(rest)
	}
	t.keep(1)
	return nil
}

// keep copies n bytes.
func (t *translator) keep(n int) {
	t.out.WriteString(t.in[t.pos : t.pos+n])
	t.pos += n
}

func (t *translator) escape(rest string) error {
	if len(rest) < 2 {
		return errors.New("ends with a backslash")
	}
	switch c := rest[1]; c {
	case 's', 'S':
		return t.space(c == 'S')
	case 'u':
		return t.codePoint(rest)
	case 'A', 'z', 'Q', 'E', 'C', 'a':
		return fmt.Errorf(`\%c has no such meaning in ECMA-262`, c)
	}
	t.keep(2)
	return nil
}

func (t *translator) space(negated bool) error {
	t.pos += 2
	switch {
	case negated && t.inClass:
		return errors.New(`\S within a class is not supported; list the characters`)
	case negated:
		t.out.WriteString("[^" + ecmaSpace + "]")
	case t.inClass:
		t.out.WriteString(ecmaSpace)
	default:
		t.out.WriteString("[" + ecmaSpace + "]")
	}
	return nil
}

// codePoint translates \uXXXX and \u{X…}.
func (t *translator) codePoint(rest string) error {
	if strings.HasPrefix(rest, `\u{`) {
		t.out.WriteString(`\x`)
		t.pos += 2
		return nil
	}
	r, ok := hex4([]byte(rest[2:]))
	if !ok || r >= 0xD800 && r < 0xE000 {
		return fmt.Errorf(`%.6s is no character; write \u{…} for those beyond U+FFFF`, rest)
	}
	fmt.Fprintf(&t.out, `\x{%X}`, r)
	t.pos += 6
	return nil
}

func (t *translator) group(rest string) error {
	for _, known := range []string{"(?:", "(?=", "(?!", "(?<"} { // of which RE2 refuses look-around itself
		if strings.HasPrefix(rest, known) {
			t.keep(len(known))
			return nil
		}
	}
	return errors.New("ECMA-262 has no inline flags and no (?P<name>…)")
}
