package tandem

import (
	"encoding/json"
	"net/http"
	"time"

	strict "github.com/go-json-experiment/json"
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
	// RetryAfter is an extension member (RFC 9457 section 3.2): what REST has in the
	// header of this name, for callers that see no headers.
	RetryAfter int `json:"retry_after,omitzero" doc:"After how many seconds to try again" minimum:"1" example:"2"`
	// InputRequired is an extension member (RFC 9457 section 3.2).
	InputRequired *InputRequired `json:"input_required,omitempty" doc:"What the caller must answer first, if the operation asks it"`
}

// InputRequired tells a REST caller what it is asked, and how to go on.
type InputRequired struct {
	State     string          `json:"state" doc:"To be sent back as the header Tandem-Request-State, as it is" example:"q83vEjRWeJA"`
	Questions []InputQuestion `json:"questions" doc:"What is asked, all of which must be answered"`
	How       string          `json:"how" doc:"How to send the answers" example:"Send the same request again with the headers Tandem-Request-State and Tandem-Input-Responses."`
}

// InputQuestion is one question to a REST caller: a form or a visit.
type InputQuestion struct {
	ID      string          `json:"id" doc:"The name of the answer in the header Tandem-Input-Responses" example:"q1-1"`
	Method  string          `json:"method" doc:"The kind of question, as MCP names it" example:"elicitation/create"`
	Message string          `json:"message" doc:"What is asked, for people" example:"Write off 250 units?"`
	Schema  json.RawMessage `json:"schema,omitempty" doc:"The JSON Schema of the answer's content, if the question is a form"`
	URL     string          `json:"url,omitempty" doc:"What the person is to open, if the question is a visit" format:"uri" example:"https://example.com/sign"`
}

// Problem returns the document of a call that awaits answers. How is left to the
// door.
func (p *Pending) Problem() Problem {
	problem := Errorf(FailedPrecondition, "the operation asks its caller before it goes on; input_required says what and how to answer").Problem()
	problem.InputRequired = &InputRequired{State: p.State, Questions: make([]InputQuestion, len(p.Questions))}
	for i, q := range p.Questions {
		var params struct {
			Message string          `json:"message"`
			Schema  json.RawMessage `json:"requestedSchema"`
			URL     string          `json:"url"`
		}
		_ = json.Unmarshal(q.Params, &params) // what Form and Visit have made
		problem.InputRequired.Questions[i] = InputQuestion{
			ID: q.ID, Method: q.Method, Message: params.Message, Schema: params.Schema, URL: params.URL,
		}
	}
	return problem
}

// Problem returns the error's document.
func (e *Error) Problem() Problem {
	status, title := e.Code.HTTPStatus(), e.Code.Title()
	if e.HTTPStatus != 0 && e.HTTPStatus != status {
		status, title = e.HTTPStatus, http.StatusText(e.HTTPStatus)
	}
	return Problem{
		Type:          "about:blank",
		Title:         title,
		Status:        status,
		Code:          e.Code.String(),
		Detail:        e.Message,
		Errors:        e.Fields,
		CorrelationID: e.CorrelationID,
		RetryAfter:    e.RetrySeconds(),
	}
}

// RetrySeconds returns RetryAfter in whole seconds, rounded up, as headers and
// problem documents tell it; zero says nothing.
func (e *Error) RetrySeconds() int {
	return int((max(e.RetryAfter, 0) + time.Second - 1) / time.Second)
}

// JSON returns the document's compact encoding. Text that is not UTF-8 is
// mended with U+FFFD, so that an error can always be told.
func (p Problem) JSON() []byte {
	doc, err := strict.Marshal(p, jsontext.AllowInvalidUTF8(true))
	if err != nil { // not reachable: strings, numbers, lists of such, and schemas
		panic("tandem: encode problem: " + err.Error())
	}
	return doc
}
