package binding

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Request is what carries an arguments object over REST.
type Request struct {
	Method string
	Path   string      // escaped, below the prefix
	Query  string      // encoded, without the question mark
	Header http.Header // the header arguments; nil for none
	Body   []byte      // JSON; nil where the operation takes no body
}

// ErrInexpressible is what every [InexpressibleError] is, for errors.Is.
var ErrInexpressible = errors.New("inexpressible over REST")

// InexpressibleError says why no REST request carries an arguments object.
type InexpressibleError struct {
	Pointer string // to the argument, "" for the whole object
	Reason  string
}

// Error returns the pointer and the reason.
func (e *InexpressibleError) Error() string {
	return fmt.Sprintf("no REST request can carry argument %q: %s", e.Pointer, e.Reason)
}

// Unwrap returns [ErrInexpressible].
func (e *InexpressibleError) Unwrap() error { return ErrInexpressible }

// Request is the reverse of [Plan.Arguments], for clients: the request that
// carries arguments, valid or not, such that it must meet the same verdict. Its
// error is an [*InexpressibleError] where HTTP has no such request: a null or an
// empty array in a query, a path variable that is missing, empty or a slash alone,
// a string in a query that reads like the number that is expected there.
func (p *Plan) Request(arguments []byte) (*Request, error) {
	w := writer{plan: p, request: &Request{Method: p.Method}, path: map[string]string{}}
	if len(p.apart) == 0 && p.TakesBody() {
		w.request.Path, w.request.Body = p.Path, bytes.Clone(arguments)
		return w.request, nil
	}
	if err := w.members(arguments); err != nil {
		return nil, err
	}
	if err := w.fillPath(); err != nil {
		return nil, err
	}
	if p.TakesBody() {
		w.request.Body = append(append([]byte{'{'}, w.body...), '}')
	}
	w.request.Query = strings.Join(w.query, "&")
	return w.request, nil
}

// HTTP returns the request to the service whose REST prefix is at url, such as
// "http://127.0.0.1:8000/api/v1".
func (r *Request) HTTP(ctx context.Context, url string) (*http.Request, error) {
	url = strings.TrimSuffix(url, "/") + r.Path
	if r.Query != "" {
		url += "?" + r.Query
	}
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, url, body)
	if err != nil {
		return nil, err
	}
	for key, values := range r.Header {
		request.Header[key] = values
	}
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// writer spreads one arguments object over the places.
type writer struct {
	plan    *Plan
	request *Request
	path    map[string]string
	query   []string
	body    []byte // members, without braces
}

func inexpressible(name, reason string) error {
	return &InexpressibleError{Pointer: pointerTo(name), Reason: reason}
}

func (w *writer) members(arguments []byte) error {
	value := jsontext.Value(arguments)
	if !value.IsValid() || value.Kind() != '{' {
		return &InexpressibleError{Reason: "it is not a well-formed JSON object, which has to be taken apart"}
	}
	d := jsontext.NewDecoder(bytes.NewReader(arguments))
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := w.member(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) member(name string, value jsontext.Value) error {
	param := w.plan.byName[name]
	switch {
	case param == nil && w.plan.TakesBody(), param != nil && param.Place == Body:
		w.bodyMember(name, value)
		return nil
	case param == nil:
		return w.unknown(name, value)
	case param.Place == Query && param.Kind == "array":
		return w.array(param, value)
	}
	text, reason := textOf(param.Kind, value)
	if reason != "" {
		return inexpressible(name, reason)
	}
	return w.text(param, text)
}

func (w *writer) text(param *Param, text string) error {
	switch param.Place {
	case Path:
		if (text == "" || text == "/") && !param.Rest {
			return inexpressible(param.Name, "a path segment cannot be empty, or a slash alone, which net/http takes for the path's end")
		}
		w.path[param.Name] = text
	case Query:
		w.addQuery(param.Name, text)
	case Header:
		return w.header(param, text)
	}
	return nil
}

func (w *writer) bodyMember(name string, value jsontext.Value) {
	if len(w.body) > 0 {
		w.body = append(w.body, ',')
	}
	w.body = append(AppendString(w.body, name), ':')
	w.body = append(w.body, value...)
}

// unknown puts an unknown argument into the query, where its value does not matter.
func (w *writer) unknown(name string, value jsontext.Value) error {
	text := string(value)
	if value.Kind() == '"' {
		text, _ = unquote(value)
	}
	w.addQuery(name, text)
	return nil
}

func (w *writer) addQuery(name, text string) {
	w.query = append(w.query, url.QueryEscape(name)+"="+url.QueryEscape(text))
}

func (w *writer) array(param *Param, value jsontext.Value) error {
	if value.Kind() != '[' {
		return inexpressible(param.Name, "a query cannot tell one value from an array of it")
	}
	d := jsontext.NewDecoder(bytes.NewReader(value))
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	items := 0
	for ; d.PeekKind() != ']'; items++ {
		item, err := d.ReadValue()
		if err != nil {
			return err
		}
		text, reason := textOf(param.ItemKind, item)
		if reason != "" {
			return inexpressible(param.Name, reason)
		}
		w.addQuery(param.Name, text)
	}
	switch {
	case items == 0:
		return inexpressible(param.Name, "an empty array and none at all look the same in a query")
	case len(w.query) > maxPairs:
		return inexpressible(param.Name, "it is too long for a query")
	}
	return nil
}

// header refuses what a header's value loses or must not hold (RFC 9110 section 5.5).
func (w *writer) header(param *Param, text string) error {
	if strings.Trim(text, " \t") != text {
		return inexpressible(param.Name, "a header loses white space at its ends")
	}
	for _, c := range []byte(text) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return inexpressible(param.Name, "a header holds no control characters")
		}
	}
	if w.request.Header == nil {
		w.request.Header = http.Header{}
	}
	w.request.Header[param.Key] = []string{text}
	return nil
}

// fillPath replaces the route's variables by their values.
func (w *writer) fillPath() error {
	var missing error
	w.request.Path = variable.ReplaceAllStringFunc(w.plan.Path, func(match string) string {
		name := strings.TrimSuffix(strings.Trim(match, "{}"), "...")
		text, ok := w.path[name]
		if !ok && missing == nil {
			missing = inexpressible(name, "a path variable cannot be missing")
		}
		return escapeSegment(text)
	})
	return missing
}

// escapeSegment escapes text so that no client, proxy or router takes a part of
// it for the path's structure: dots alone mean a folder, slashes a new segment.
func escapeSegment(text string) string {
	if text == "." || text == ".." {
		return strings.ReplaceAll(text, ".", "%2E")
	}
	return url.PathEscape(text)
}
