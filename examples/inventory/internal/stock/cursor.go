package stock

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/tandem-go/tandem"
)

// cursorEncoding is strict, so that a position has one spelling only.
var cursorEncoding = base64.RawURLEncoding.Strict()

// cursorSigner makes cursors: the last SKU of a page behind an HMAC-SHA256 over
// it and what the cursor is bound to, the caller and the filters of the list, so that
// nobody can make one up, use somebody else's, or carry it to another list.
type cursorSigner struct{ key []byte }

// seal returns the cursor for the page after the SKU.
func (s cursorSigner) seal(after, bound string) string {
	return cursorEncoding.EncodeToString(append(s.sign(after, bound), after...))
}

// open returns the SKU of a cursor that seal made with the same bound; an empty
// cursor stands for the start.
func (s cursorSigner) open(cursor, bound string) (after string, err error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := cursorEncoding.DecodeString(cursor)
	if err != nil || len(raw) < sha256.Size {
		return "", invalidCursor()
	}
	after = string(raw[sha256.Size:])
	if !hmac.Equal(raw[:sha256.Size], s.sign(after, bound)) {
		return "", invalidCursor()
	}
	return after, nil
}

func (s cursorSigner) sign(after, bound string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("list_products\x00" + bound + "\x00" + after))
	return mac.Sum(nil)
}

func invalidCursor() error {
	return tandem.FieldErrorf("/cursor",
		"is not a next_cursor of this service for these filters; leave it out to start from the first page")
}
