package tandem

import "net/http"

// Code is the kind of an error: the closed set that gRPC and Connect use. It
// decides the HTTP status, and callers can branch on it.
type Code uint8

// The codes. The zero value is not a code and is treated as Unknown.
const (
	Canceled           Code = iota + 1 // the caller went away; HTTP 499
	Unknown                            // an error of unknown kind; 500
	InvalidArgument                    // the arguments are wrong whatever the state; 400
	DeadlineExceeded                   // the operation's time ran out; 504
	NotFound                           // 404
	AlreadyExists                      // 409
	PermissionDenied                   // the caller is known and may not; 403
	ResourceExhausted                  // a quota or rate limit; 429
	FailedPrecondition                 // the state forbids it; 409
	Aborted                            // a conflict with a concurrent call; 409
	OutOfRange                         // past a valid range, such as a cursor's end; 400
	Unimplemented                      // 501
	Internal                           // a fault of the service; 500
	Unavailable                        // a passing fault, try again; 503
	DataLoss                           // 500
	Unauthenticated                    // no or bad credentials; 401
)

type codeInfo struct {
	name   string
	title  string
	status int
}

var codes = [...]codeInfo{
	Canceled:           {"canceled", "Canceled", 499},
	Unknown:            {"unknown", "Unknown error", http.StatusInternalServerError},
	InvalidArgument:    {"invalid_argument", "Invalid argument", http.StatusBadRequest},
	DeadlineExceeded:   {"deadline_exceeded", "Deadline exceeded", http.StatusGatewayTimeout},
	NotFound:           {"not_found", "Not found", http.StatusNotFound},
	AlreadyExists:      {"already_exists", "Already exists", http.StatusConflict},
	PermissionDenied:   {"permission_denied", "Permission denied", http.StatusForbidden},
	ResourceExhausted:  {"resource_exhausted", "Resource exhausted", http.StatusTooManyRequests},
	FailedPrecondition: {"failed_precondition", "Failed precondition", http.StatusConflict},
	Aborted:            {"aborted", "Aborted", http.StatusConflict},
	OutOfRange:         {"out_of_range", "Out of range", http.StatusBadRequest},
	Unimplemented:      {"unimplemented", "Not implemented", http.StatusNotImplemented},
	Internal:           {"internal", "Internal error", http.StatusInternalServerError},
	Unavailable:        {"unavailable", "Unavailable", http.StatusServiceUnavailable},
	DataLoss:           {"data_loss", "Data loss", http.StatusInternalServerError},
	Unauthenticated:    {"unauthenticated", "Unauthenticated", http.StatusUnauthorized},
}

func (c Code) info() codeInfo {
	if c == 0 || int(c) >= len(codes) {
		return codes[Unknown]
	}
	return codes[c]
}

// String returns the code's wire name, such as "not_found".
func (c Code) String() string { return c.info().name }

// Title returns a short human text, such as "Not found".
func (c Code) Title() string { return c.info().title }

// HTTPStatus returns the status under which REST reports the code.
func (c Code) HTTPStatus() int { return c.info().status }

// MarshalText returns the wire name.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText accepts a wire name.
func (c *Code) UnmarshalText(text []byte) error {
	parsed, ok := ParseCode(string(text))
	if !ok {
		return Errorf(InvalidArgument, "%q is not an error code", text)
	}
	*c = parsed
	return nil
}

// ParseCode returns the code with this wire name.
func ParseCode(name string) (Code, bool) {
	for c, info := range codes {
		if c > 0 && info.name == name {
			return Code(c), true
		}
	}
	return 0, false
}

// Codes returns every code in ascending order.
func Codes() []Code {
	all := make([]Code, 0, len(codes)-1)
	for c := Canceled; int(c) < len(codes); c++ {
		all = append(all, c)
	}
	return all
}
