package stock

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// TestCursor protects that a cursor works for the list it came from, and that
// every other one is refused at /cursor.
func TestCursor(t *testing.T) {
	yes, no := true, false
	signer := cursorSigner{key: []byte("a key")}
	list := ProductList{Category: "tools", InStock: &yes}
	cursor := signer.seal("SKU-0020", list.filters())
	if after, err := signer.open(cursor, list.filters()); err != nil || after != "SKU-0020" {
		t.Fatalf("a cursor's own list: %q, %v", after, err)
	}
	if after, err := signer.open("", list.filters()); err != nil || after != "" {
		t.Fatalf("no cursor: %q, %v", after, err)
	}
	for name, other := range map[string]ProductList{
		"no category":      {InStock: &yes},
		"another category": {Category: "tool", InStock: &yes},
		"out of stock":     {Category: "tools", InStock: &no},
		"any stock":        {Category: "tools"},
	} {
		if _, err := signer.open(cursor, other.filters()); !atCursor(err) {
			t.Errorf("%s: %v, want it refused at /cursor", name, err)
		}
	}
	if _, err := (cursorSigner{key: []byte("another key")}).open(cursor, list.filters()); !atCursor(err) {
		t.Errorf("another service's cursor: %v, want it refused at /cursor", err)
	}
	for _, bad := range []string{"x", "!", "AQID", cursor + "=", cursor[:len(cursor)-1], cursor + "AAAA", strings.ToLower(cursor), " " + cursor} {
		if _, err := signer.open(bad, list.filters()); !atCursor(err) {
			t.Errorf("%q: %v, want it refused at /cursor", bad, err)
		}
	}
}

// TestCursorIsSignedThroughout flips each bit of a cursor in turn.
func TestCursorIsSignedThroughout(t *testing.T) {
	signer := cursorSigner{key: []byte("a key")}
	raw, err := base64.RawURLEncoding.DecodeString(signer.seal("SKU-0020", ""))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(raw) {
		forged := slices.Clone(raw)
		forged[i/8] ^= 1 << (i % 8)
		if _, err := signer.open(base64.RawURLEncoding.EncodeToString(forged), ""); !atCursor(err) {
			t.Fatalf("bit %d flipped: %v, want it refused at /cursor", i, err)
		}
	}
}

func TestKeysAreRandomUnlessGiven(t *testing.T) {
	a, b := New(nil, Config{}), New(nil, Config{})
	if _, err := b.cursors.open(a.cursors.seal("SKU-0020", ""), ""); !atCursor(err) {
		t.Errorf("two services without a key share one: %v", err)
	}
	shared := Config{CursorKey: []byte("a key")}
	if _, err := New(nil, shared).cursors.open(New(nil, shared).cursors.seal("SKU-0020", ""), ""); err != nil {
		t.Errorf("replicas with the same key refuse each other's cursors: %v", err)
	}
}

func atCursor(err error) bool {
	var e *tandem.Error
	return errors.As(err, &e) && e.Code == tandem.InvalidArgument && len(e.Fields) == 1 && e.Fields[0].Pointer == "/cursor"
}
