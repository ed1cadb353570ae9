package authserver

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	defaultTimeout     = 5 * time.Second
	maxResponseHeaders = 64 << 10
)

// Client asks an authorization server. The zero value is ready to use; it must not
// be copied after its first use.
type Client struct {
	// HTTP is asked, for its transport and timeout; nil means one of its own, which
	// takes a proxy from the environment as net/http does. Redirects and cookies are
	// switched off whatever it says.
	HTTP *http.Client
	// Timeout bounds each request with its answer; zero means 5 seconds.
	Timeout time.Duration

	once sync.Once
	http *http.Client
}

// Get returns the JSON object at an address, of at most maxBytes bytes.
func (c *Client) Get(ctx context.Context, address string, maxBytes int) ([]byte, http.Header, error) {
	if err := CheckURL(address); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	return c.do(ctx, r, maxBytes)
}

// PostForm sends a form and returns the JSON object that answers it, of at most maxBytes
// bytes. It authenticates by client_secret_basic (RFC 6749, section 2.3.1), or not at
// all if clientID is empty.
func (c *Client) PostForm(ctx context.Context, address string, form url.Values, clientID, secret string, maxBytes int) ([]byte, error) {
	if err := CheckURL(address); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if clientID != "" {
		setBasic(r, clientID, secret)
	}
	body, _, err := c.do(ctx, r, maxBytes)
	return body, err
}

// setBasic encodes both parts as a form does, before they become Basic
// credentials: a colon or a % in a secret would otherwise be read as another one.
func setBasic(r *http.Request, clientID, secret string) {
	r.SetBasicAuth(url.QueryEscape(clientID), url.QueryEscape(secret))
}

// Close closes the idle connections. The client remains usable.
func (c *Client) Close() { c.client().CloseIdleConnections() }

func (c *Client) client() *http.Client {
	c.once.Do(func() {
		c.http = &http.Client{}
		if c.HTTP != nil {
			c.http.Transport, c.http.Timeout = c.HTTP.Transport, c.HTTP.Timeout
		} else {
			c.http.Transport = newTransport()
		}
		c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	})
	return c.http
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxResponseHeaders,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        time.Minute,
		TLSHandshakeTimeout:    defaultTimeout,
	}
}

func (c *Client) do(ctx context.Context, r *http.Request, maxBytes int) ([]byte, http.Header, error) {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r.Header.Set("Accept", "application/json, application/jwk-set+json")
	resp, err := c.client().Do(r.WithContext(ctx))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := read(resp, maxBytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", r.Method, r.URL, err)
	}
	return body, resp.Header, nil
}

// read returns the body of a response that is a JSON object.
func read(resp *http.Response, maxBytes int) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(maxBytes)+1))
	switch {
	case resp.StatusCode != http.StatusOK:
		return nil, statusError(resp, body)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	case len(body) > maxBytes:
		return nil, fmt.Errorf("%w: it is larger than %d bytes", ErrBadAnswer, maxBytes)
	case !isJSON(resp.Header.Get("Content-Type")):
		return nil, fmt.Errorf("%w: its content type is %.100q, not JSON", ErrBadAnswer, resp.Header.Get("Content-Type"))
	}
	// Duplicate names and invalid UTF-8 are refused: what two readers understand
	// differently is not to be believed.
	value := jsontext.Value(body)
	if value.Kind() != '{' || !value.IsValid() {
		return nil, fmt.Errorf("%w: it is not one JSON object", ErrBadAnswer)
	}
	return body, nil
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" ||
		strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"))
}

// statusError tells what passes from what does not.
func statusError(resp *http.Response, body []byte) error {
	switch code := resp.StatusCode; {
	case code >= 300 && code < 400:
		return fmt.Errorf("%w: it redirects to %.200q, which is not followed: configure the final address", ErrBadAnswer, resp.Header.Get("Location"))
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return fmt.Errorf("%w: status %d", ErrNoAnswer, code)
	case code == http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrBadAnswer, errNotFound)
	}
	switch name := oauthError(body); {
	case name == "":
		return fmt.Errorf("%w: status %d", ErrBadAnswer, resp.StatusCode)
	case name == "unsupported_token_type" && resp.StatusCode == http.StatusBadRequest:
		return fmt.Errorf("%w: %w", ErrBadAnswer, ErrUnsupportedToken)
	default:
		return fmt.Errorf("%w: status %d, error %.64q", ErrBadAnswer, resp.StatusCode, name)
	}
}

// oauthError returns the error code of an answer (RFC 6749, section 5.2), which
// says what is wrong with our own credentials, or with the token; "" if it has none.
func oauthError(body []byte) string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	return answer.Error
}
