package stock

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// TestCursor protects that a cursor works for the caller and the list it came from,
// with whichever token, and that every other one is refused at /cursor (security 28).
func TestCursor(t *testing.T) {
	yes, no := true, false
	signer := cursorSigner{key: []byte("a key")}
	list := ProductList{Category: "tools", InStock: &yes}
	ann := &tandem.Principal{Issuer: "i", Subject: "ann"}
	cursor := signer.seal("SKU-0020", list.bound(ann))
	if after, err := signer.open(cursor, list.bound(&tandem.Principal{Issuer: "i", Subject: "ann", Scopes: []string{"another token"}})); err != nil || after != "SKU-0020" {
		t.Fatalf("a cursor's own list: %q, %v", after, err)
	}
	if after, err := signer.open("", list.bound(ann)); err != nil || after != "" {
		t.Fatalf("no cursor: %q, %v", after, err)
	}
	for name, other := range map[string]ProductList{
		"no category":      {InStock: &yes},
		"another category": {Category: "tool", InStock: &yes},
		"out of stock":     {Category: "tools", InStock: &no},
		"any stock":        {Category: "tools"},
	} {
		if _, err := signer.open(cursor, other.bound(ann)); !atCursor(err) {
			t.Errorf("%s: %v, want it refused at /cursor", name, err)
		}
	}
	for name, other := range map[string]*tandem.Principal{
		"somebody else":      {Issuer: "i", Subject: "bob"},
		"of another issuer":  {Issuer: "j", Subject: "ann"},
		"nobody":             nil,
		"with a clever name": {Issuer: "i", Subject: "ann\x00tools"},
	} {
		if _, err := signer.open(cursor, list.bound(other)); !atCursor(err) {
			t.Errorf("%s: %v, want it refused at /cursor", name, err)
		}
	}
	if _, err := (cursorSigner{key: []byte("another key")}).open(cursor, list.bound(ann)); !atCursor(err) {
		t.Errorf("another service's cursor: %v, want it refused at /cursor", err)
	}
	for _, bad := range []string{"x", "!", "AQID", cursor + "=", cursor[:len(cursor)-1], cursor + "AAAA", strings.ToLower(cursor), " " + cursor} {
		if _, err := signer.open(bad, list.bound(ann)); !atCursor(err) {
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
