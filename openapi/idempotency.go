package openapi

import (
	"github.com/tandem-go/tandem"
)

// unprocessable is the status of a key that was used with other arguments
// (draft-ietf-httpapi-idempotency-key-header, section 2.7).
const unprocessable = 422

// idempotencyHeader is the parameter by which a call can be tried again without a
// second effect.
func idempotencyHeader(op *tandem.Registered) object {
	o := object{{"name", tandem.IdempotencyKeyHeader}, {"in", "header"}, {"description", "The caller's name for this call, such as a new UUID. " +
		"Tried again with the same key and arguments, the call has no second effect, and answers what it answered first, with `" +
		tandem.IdempotencyReplayedHeader + ": true`."}}
	o.flag("required", op.Idempotency == tandem.Required)
	o.set("schema", object{{"type", "string"}, {"minLength", 1}, {"maxLength", 255}})
	o.set("example", "8e03978e-40d5-43e8-bc93-6894a57f9324")
	return o
}
