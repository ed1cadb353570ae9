package apikey

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/tandem-go/tandem/auth"
)

var documented = regexp.MustCompile(`^tdm_[a-z2-7]{10}_[0-9A-Za-z]{38}$`)

// A key has the form that secret scanners are told, which a bearer token may have,
// its ID can be read from it, and no two are equal.
func TestNewKey(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		key, id := newKey()
		if !documented.MatchString(key.Reveal()) {
			t.Fatalf("the key %s has another form", key.Reveal())
		}
		if got, err := idOf(key.Reveal()); got != id || err != nil {
			t.Fatalf("its ID reads %q, %v, want %q", got, err, id)
		}
		if seen[id] || seen[key.Reveal()] {
			t.Fatal("a key came twice")
		}
		seen[id], seen[key.Reveal()] = true, true
	}
	if key, _ := newKey(); key.String() != "[redacted]" {
		t.Error("a key prints itself")
	}
}

// Every character of an alphabet comes about as often as the others: a modulo of
// all bytes would favour some by a quarter.
func TestRandomTextIsFair(t *testing.T) {
	const each = 4000
	for _, alphabet := range []string{idAlphabet, secretAlphabet} {
		text := randomText(each*len(alphabet), alphabet)
		if len(text) != each*len(alphabet) {
			t.Fatalf("%d characters", len(text))
		}
		for _, c := range alphabet {
			if n := strings.Count(text, string(c)); n < each*9/10 || n > each*11/10 { // 6 standard deviations
				t.Errorf("%q came %d times, want about %d", c, n, each)
			}
		}
	}
}

// What is no key is told from what is one with a typo, and from other tokens,
// which are for other verifiers.
func TestIDOf(t *testing.T) {
	secret, id := newKey()
	key := secret.Reveal()
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"empty":               {"", auth.ErrOtherKind},
		"a JWT":               {"eyJhbGciOiJFUzI1NiJ9.e30.c2ln", auth.ErrOtherKind},
		"upper-case prefix":   {"TDM_" + key[4:], auth.ErrOtherKind},
		"prefix only":         {Prefix, errForm},
		"cut short":           {key[:len(key)-1], errForm},
		"too long":            {key + "0", errForm},
		"padded":              {key[:len(key)-1] + "=", errForm},
		"newline":             {key[:len(key)-1] + "\n", errForm},
		"NUL":                 {key[:len(key)-1] + "\x00", errForm},
		"a third part":        {key[:30] + "_" + key[31:], errForm},
		"upper-case ID":       {Prefix + strings.ToUpper(id) + key[14:], errForm},
		"ID of one less":      {Prefix + id[1:] + "_" + "0" + key[15:], errForm},
		"path as ID":          {Prefix + "../../../x" + key[14:], errForm},
		"a megabyte":          {Prefix + strings.Repeat("a", 1<<20), errForm},
		"typo in the ID":      {Prefix + flip(id[:1]) + key[5:], errChecksum},
		"typo in the secret":  {key[:20] + flip(key[20:21]) + key[21:], errChecksum},
		"typo in the end":     {key[:len(key)-1] + flip(key[len(key)-1:]), errChecksum},
		"characters swapped":  {strings.Replace(Prefix+id+"_"+strings.Repeat("ab", 19), "ab", "ba", 1), errChecksum},
		"made up by somebody": {Prefix + "abcdefghij_" + strings.Repeat("0", 38), errChecksum},
	} {
		if got, err := idOf(c.token); got != "" || !errors.Is(err, c.want) {
			t.Errorf("%s: %q, %v, want %v", name, got, err, c.want)
		} else if len(c.token) > 10 && strings.Contains(err.Error(), c.token) {
			t.Errorf("%s: the error repeats the token", name)
		}
	}
}

// flip returns another character of both alphabets.
func flip(c string) string {
	if c == "a" {
		return "b"
	}
	return "a"
}

// A token never panics and, if it has an ID, is a key of the documented form.
func FuzzIDOf(f *testing.F) {
	key, _ := newKey()
	f.Add(key.Reveal())
	f.Add("tdm_")
	f.Add("tdm__")
	f.Fuzz(func(t *testing.T, token string) {
		id, err := idOf(token)
		if (err == nil) != (id != "") {
			t.Fatalf("%q: %q, %v", token, id, err)
		}
		if err == nil && !documented.MatchString(token) {
			t.Fatalf("%q is taken for a key", token)
		}
	})
}
