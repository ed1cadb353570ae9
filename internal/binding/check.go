package binding

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var (
	variable    = regexp.MustCompile(`\{([^{}]*?)(\.\.\.)?\}`)
	legalPath   = regexp.MustCompile(`^(/([A-Za-z0-9._~!$&'()*+,;=:@-]+|\{[^{}/]+\}))+$`)
	legalHeader = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
)

// variablesOf returns the variables of a route: name → takes the rest of the path.
func variablesOf(path string) (map[string]bool, error) {
	switch {
	case !strings.HasPrefix(path, "/"):
		return nil, fmt.Errorf("path %q must start with a slash", path)
	case strings.Contains(path, "{$}"):
		return nil, fmt.Errorf("path %q: {$} is needless, a path matches as a whole", path)
	case path != "/" && !legalPath.MatchString(path):
		return nil, fmt.Errorf("path %q must consist of segments like /word or /{variable}, of characters that need no escape", path)
	}
	if err := routable(path); err != nil {
		return nil, err
	}
	variables := map[string]bool{}
	for _, m := range variable.FindAllStringSubmatch(path, -1) {
		variables[m[1]] = m[2] != ""
	}
	return variables, nil
}

// routable lets a ServeMux judge the path.
func routable(path string) (err error) {
	defer func() {
		if refusal := recover(); refusal != nil {
			err = fmt.Errorf("path %q: %v", path, refusal)
		}
	}()
	http.NewServeMux().Handle("GET "+path, http.NotFoundHandler())
	return nil
}

// check refuses arguments that text in their place cannot carry.
func (p *Param) check() error {
	switch p.Place {
	case Path:
		if !isScalar(p.Kind) || p.Nullable {
			return fmt.Errorf("a path variable must be a string, a number or a boolean, and not nullable%s", p.instead())
		}
	case Query:
		if !isScalar(p.Kind) && !(p.Kind == "array" && isScalar(p.ItemKind)) {
			return fmt.Errorf("a query parameter must be a string, a number, a boolean or an array of such%s; with POST, PUT or PATCH, the body can carry it", p.instead())
		}
	case Header:
		if !isScalar(p.Kind) {
			return fmt.Errorf("a header must be a string, a number or a boolean%s", p.instead())
		}
		return checkHeader(p.Key)
	}
	return nil
}

func isScalar(kind string) bool {
	return kind == "string" || kind == "integer" || kind == "number" || kind == "boolean"
}

// instead says what the argument is.
func (p *Param) instead() string {
	switch {
	case p.Kind == "":
		return ", but this may be of several types"
	case p.Kind == "array" && p.Place == Query:
		return ", but this is an array of other things"
	case isScalar(p.Kind):
		return ", but this is a nullable " + p.Kind
	}
	return ", but this is of type " + p.Kind
}

// reserved are the headers with a meaning to HTTP, to proxies or to the service
// around an operation. A trailing '-' reserves all that begin so.
var reserved = []string{
	"Accept", "Accept-", "Access-Control-", "Authorization", "Connection", "Content-", "Cookie", "Date", "Expect", "Forwarded",
	"Host", "Idempotency-Key", "Keep-Alive", "Last-Event-Id", "Mcp-", "Origin", "Proxy-", "Sec-", "Te", "Traceparent", "Tracestate",
	"Trailer", "Transfer-Encoding", "Upgrade", "Via", "X-Forwarded-", "X-Request-Id",
}

func checkHeader(key string) error {
	if !legalHeader.MatchString(key) {
		return fmt.Errorf("%q cannot be the name of a header", key)
	}
	isReserved := slices.ContainsFunc(reserved, func(r string) bool {
		return key == r || strings.HasSuffix(r, "-") && strings.HasPrefix(key, r)
	})
	if isReserved {
		return errors.New("the header " + key + " has another meaning already")
	}
	return nil
}
