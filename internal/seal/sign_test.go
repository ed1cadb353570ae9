package seal

import (
	"errors"
	"testing"
)

// A signed token is good with its keys and its bound alone, no bit of it can change,
// and the same text makes the same token on every replica.
func TestSign(t *testing.T) {
	k := newKeys(t, "a")
	token := k.Sign([]byte("text"), []byte("bound"))
	if text, err := k.Verify(token, []byte("bound")); err != nil || string(text) != "text" {
		t.Fatalf("got %q, %v", text, err)
	}
	if again := newKeys(t, "a", "b").Sign([]byte("text"), []byte("bound")); again != token {
		t.Errorf("another replica says %s, this one %s", again, token)
	}
	for name, c := range map[string]struct{ token, bound string }{
		"another bound":  {token, "other"},
		"empty":          {"", "bound"},
		"no base64":      {"!" + token, "bound"},
		"padded":         {token + "=", "bound"},
		"a line break":   {token + "\n", "bound"},
		"cut":            {token[:len(token)-2], "bound"},
		"foreign key":    {newKeys(t, "b").Sign([]byte("text"), []byte("bound")), "bound"},
		"sealed":         {k.Seal([]byte("text"), []byte("bound")), "bound"},
		"moved boundary": {k.Sign([]byte("dtext"), []byte("boun")), "bound"},
	} {
		if _, err := k.Verify(c.token, []byte(c.bound)); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range token {
		changed := []byte(token)
		changed[i] ^= 1
		if _, err := k.Verify(string(changed), []byte("bound")); err == nil {
			t.Errorf("byte %d can be changed", i)
		}
	}
}

// After a rotation old tokens are good until their key is dropped.
func TestSignRotation(t *testing.T) {
	old := newKeys(t, "a").Sign([]byte("text"), nil)
	if _, err := newKeys(t, "b", "a").Verify(old, nil); err != nil {
		t.Errorf("while both keys are there: %v", err)
	}
	if _, err := newKeys(t, "b").Verify(old, nil); !errors.Is(err, ErrRefused) {
		t.Errorf("after the old key was dropped: %v", err)
	}
}

// No token but one that was signed is taken, and nothing panics.
func FuzzVerify(f *testing.F) {
	k, err := New([]byte("a secret of at least 32 bytes, as it must be"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(k.Sign([]byte("text"), []byte("bound")), []byte("bound"))
	f.Add("", []byte(nil))
	f.Add("AAAAAAAAAAAAAAAAAAAAAA", []byte("bound"))
	f.Fuzz(func(t *testing.T, token string, bound []byte) {
		text, err := k.Verify(token, bound)
		if err == nil && k.Sign(text, bound) != token {
			t.Errorf("%q was never signed for %q, but means %q", token, bound, text)
		}
	})
}
