package tandem

import (
	"bytes"
	"context"
)

// Cursor returns a cursor by which the caller of ctx goes on with a list from a
// position. It is good for the same principal and the same list alone, on every
// replica that has the same state keys ([Service.SetStateKeys]). Its caller can read
// the position in it, but not change it, and the same position always makes the same
// cursor.
func (s *Service) Cursor(ctx context.Context, list, position string) string {
	return s.seal.Load().Sign([]byte(position), cursorBound(ctx, list))
}

// ReadCursor returns the position of a cursor of the list. It reports false for one
// that the caller of ctx was never given for it.
func (s *Service) ReadCursor(ctx context.Context, list, cursor string) (position string, ok bool) {
	text, err := s.seal.Load().Verify(cursor, cursorBound(ctx, list))
	return string(text), err == nil
}

// cursorBound is what a cursor is bound to. The name of a list has no zero byte.
func cursorBound(ctx context.Context, list string) []byte {
	return bytes.Join([][]byte{[]byte("cursor"), []byte(list), []byte(PrincipalFrom(ctx).Key())}, []byte{0})
}
