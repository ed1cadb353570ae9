package tandem

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Problem is the RFC 9457 document of an error. REST sends it as
// application/problem+json, MCP as the text of a tool error.
type Problem struct {
	Type          string       `json:"type" doc:"A URI that identifies the kind of problem" format:"uri-reference" example:"about:blank"`
	Title         string       `json:"title" doc:"A short summary of the kind of problem" example:"Not found"`
	Status        int          `json:"status" doc:"The HTTP status code" minimum:"400" maximum:"599" example:"404"`
	Code          string       `json:"code" doc:"The machine-readable error code" example:"not_found"`
	Detail        string       `json:"detail" doc:"What went wrong and what to do" example:"no product \"SKU-9999\""`
	Errors        []FieldError `json:"errors,omitempty" doc:"What is wrong with which argument"`
	CorrelationID string       `json:"correlation_id,omitzero" doc:"The id under which the service's log has the cause" example:"01J9ZC5M7Q3W"`
}

// Problem returns the error's document.
func (e *Error) Problem() Problem {
	return Problem{
		Type:          "about:blank",
		Title:         e.Code.Title(),
		Status:        e.Code.HTTPStatus(),
		Code:          e.Code.String(),
		Detail:        e.Message,
		Errors:        e.Fields,
		CorrelationID: e.CorrelationID,
	}
}

// JSON returns the document's compact encoding. Text that is not UTF-8 is
// mended with U+FFFD, so that an error can always be told.
func (p Problem) JSON() []byte {
	doc, err := json.Marshal(p, jsontext.AllowInvalidUTF8(true))
	if err != nil { // not reachable: every member is a string, a number or a list of such
		panic("tandem: encode problem: " + err.Error())
	}
	return doc
}
