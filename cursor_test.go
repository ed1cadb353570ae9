package tandem

import (
	"testing"
)

// Security 28: a cursor is good for its principal and its list alone, on every
// replica with the same keys.
func TestCursor(t *testing.T) {
	keys := []byte("a secret of at least 32 bytes, as it must be")
	svc, replica := New("x", "1"), New("x", "1")
	for _, s := range []*Service{svc, replica} {
		if err := s.SetStateKeys(keys); err != nil {
			t.Fatal(err)
		}
	}
	ann := WithPrincipal(t.Context(), &Principal{Issuer: "i", Subject: "ann"})
	narrow := WithPrincipal(t.Context(), &Principal{Issuer: "i", Subject: "ann", Scopes: []string{"other"}})
	bob := WithPrincipal(t.Context(), &Principal{Issuer: "i", Subject: "bob"})
	cursor := svc.Cursor(ann, "orders", "after 7")
	if got, ok := replica.ReadCursor(narrow, "orders", cursor); !ok || got != "after 7" {
		t.Errorf("another replica, another token: %q, %v", got, ok)
	}
	for name, read := range map[string]func() (string, bool){
		"another principal": func() (string, bool) { return svc.ReadCursor(bob, "orders", cursor) },
		"nobody":            func() (string, bool) { return svc.ReadCursor(t.Context(), "orders", cursor) },
		"another list":      func() (string, bool) { return svc.ReadCursor(ann, "invoices", cursor) },
		"other keys":        func() (string, bool) { return New("x", "1").ReadCursor(ann, "orders", cursor) },
		"made up":           func() (string, bool) { return svc.ReadCursor(ann, "orders", "YWZ0ZXIgNw") },
		"empty":             func() (string, bool) { return svc.ReadCursor(ann, "orders", "") },
	} {
		if got, ok := read(); ok {
			t.Errorf("%s: taken for %q", name, got)
		}
	}
}
