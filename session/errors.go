package session

import "errors"

// The errors of a [Store], to be tested for with errors.Is. The texts are for
// the log.
var (
	ErrNotFound    = errors.New("session: not found")
	ErrExists      = errors.New("session: id is in use")
	ErrBound       = errors.New("session: id, principal, transport and creation time cannot change")
	ErrTooMany     = errors.New("session: too many for this principal or session") // 429
	ErrFull        = errors.New("session: too many sessions in all")               // 503
	ErrReused      = errors.New("session: call id was used for another request")
	ErrFenced      = errors.New("session: the call is not this owner's")
	ErrTrimmed     = errors.New("session: the stream's log does not reach back to there")
	ErrNotRunning  = errors.New("session: the call does not run on a live replica")
	ErrUnavailable = errors.New("session: store cannot be reached") // 503; the outcome is unknown
	ErrClosed      = errors.New("session: store is closed")
)
