package rest

import (
	"net/http"

	"github.com/tandem-go/tandem"
)

// takeKey reads the idempotency key of a call that can have one.
func takeKey(call *tandem.Call, header http.Header) (err error) {
	if call.Operation.Idempotency != 0 {
		call.IdempotencyKey, err = tandem.IdempotencyKeyFrom(header)
	}
	return err
}

// tellReplay says that the answer is that of an earlier try.
func tellReplay(header http.Header, result tandem.Result) {
	if result.Replayed {
		header.Set(tandem.IdempotencyReplayedHeader, "true")
	}
}
