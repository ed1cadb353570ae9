package apikey

import (
	"slices"
	"testing"
	"time"
)

// Whatever a file has is either refused or comes out of being written as it was.
func FuzzParse(f *testing.F) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	good, err := format([]Record{
		{ID: "jxujusjfj2", Digest: digestOf("y"), Created: now},
		{ID: "abcdefghij", Name: "Zoë", Digest: digestOf("x"), Scopes: []string{"a", "*"}, Created: now, Expires: now, Revoked: now},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("\n\n{}\n"))
	f.Add([]byte(`{"id":1e400}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		records, err := parse(content)
		if err != nil {
			return
		}
		text, err := format(records)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parse(text)
		same := func(a, b Record) bool {
			return a.ID == b.ID && a.Name == b.Name && a.Digest == b.Digest && slices.Equal(a.Scopes, b.Scopes) &&
				a.Created.Equal(b.Created) && a.Expires.Equal(b.Expires) && a.Revoked.Equal(b.Revoked)
		}
		if err != nil || !slices.EqualFunc(records, again, same) {
			t.Errorf("%+v came back as %+v, %v", records, again, err)
		}
	})
}
