package schema

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// compilePattern compiles the pattern keyword: an ECMA-262 expression, searched for anywhere in the text. Only what means the
// same in RE2 is accepted, so that other validators agree.
func compilePattern(text string) (*regexp.Regexp, error) {
	if err := portable(text); err != nil {
		return nil, err
	}
	return regexp.Compile(text)
}

// portable refuses the RE2 syntax that ECMA-262 does not have or reads otherwise. What RE2 lacks, such as look-around and
// back-references, regexp.Compile refuses itself.
func portable(text string) error {
	inClass := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			if i++; i == len(text) {
				return errors.New("ends with a backslash")
			}
			if err := portableEscape(text[i]); err != nil {
				return err
			}
		case inClass && c == '[' && strings.HasPrefix(text[i:], "[:"):
			return errors.New("ECMA-262 has no classes such as [[:alpha:]]")
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
		case c == '(' && strings.HasPrefix(text[i:], "(?"):
			if err := portableGroup(text[i:]); err != nil {
				return err
			}
		}
	}
	return nil
}

func portableEscape(c byte) error {
	switch c {
	case 'A', 'z', 'Q', 'E', 'C', 'a':
		return fmt.Errorf(`\%c has no such meaning in ECMA-262`, c)
	case 's', 'S':
		return fmt.Errorf(`\%c covers other characters in ECMA-262 than in RE2; list them in a class`, c)
	}
	return nil
}

func portableGroup(group string) error {
	for _, known := range []string{"(?:", "(?=", "(?!", "(?<"} {
		if strings.HasPrefix(group, known) {
			return nil
		}
	}
	return errors.New("ECMA-262 has no inline flags and no (?P<name>…)")
}
