package jwt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-go/tandem/auth"
)

const (
	// maxToken bounds what is looked at, in bytes.
	maxToken = 16 << 10
	// maxKeyID bounds a kid, in bytes.
	maxKeyID = 256
)

var (
	errTooLong = errors.New("the token is too long")
	// errNotJWS says that the token is no JWT that is signed, so that another verifier
	// may know it.
	errNotJWS   = fmt.Errorf("%w: it is no JWS in compact serialization", auth.ErrOtherKind)
	errHeader   = errors.New("the token's header is malformed")
	errClaims   = errors.New("the token's claims are malformed")
	errNoKeyID  = errors.New("the token has no kid, or none of a usable form")
	errEncoding = errors.New("the token's signature is not in base64url")
)

// token is one as it was sent, read but not believed.
type token struct {
	signed    []byte // what the signature is over
	signature []byte
	algorithm string
	keyID     string
	typ       string
	claims    claims
}

// read takes a token of at most maxToken bytes apart. It refuses everything that two readers may understand
// differently.
func read(text string) (*token, error) {
	header, rest, ok := strings.Cut(text, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || !isBase64URL(header) || !isBase64URL(payload) || !isBase64URL(signature) {
		return nil, errNotJWS
	}
	t := &token{signed: []byte(text[:len(header)+1+len(payload)])}
	if err := t.readHeader(header); err != nil {
		return nil, err
	}
	var err error
	if t.claims, err = readObject(payload, claimNames); err != nil {
		return nil, fmt.Errorf("%w: %w", errClaims, err)
	}
	if t.signature, err = decode(signature); err != nil {
		return nil, errEncoding
	}
	return t, nil
}

// isBase64URL is checked first, since the standard library's decoder skips line
// breaks even where it is strict.
func isBase64URL(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

func decode(s string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(s) }

// headerNames are the header parameters that must not be written in another case;
// those that are refused are the ones that name a key, or change how a token is to be
// read (RFC 7515, section 4.1; RFC 7797).
var (
	headerNames    = []string{"alg", "kid", "typ", "cty", "crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"}
	refusedHeaders = []string{"crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c"}
)

func (t *token) readHeader(segment string) error {
	raw, err := decode(segment)
	if err != nil || jsontext.Value(raw).Kind() != '{' {
		return errNotJWS
	}
	header, err := readObject(segment, headerNames)
	if err != nil {
		return fmt.Errorf("%w: %w", errHeader, err)
	}
	for _, name := range refusedHeaders {
		if _, ok := header[name]; ok {
			return fmt.Errorf("%w: it has %s", errHeader, name)
		}
	}
	if t.algorithm, err = header.text("alg"); err != nil {
		return fmt.Errorf("%w: %w", errHeader, err)
	}
	if t.typ, err = header.text("typ"); err != nil {
		return fmt.Errorf("%w: %w", errHeader, err)
	}
	if t.keyID, err = header.text("kid"); err != nil || t.keyID == "" || len(t.keyID) > maxKeyID {
		return errNoKeyID
	}
	return nil
}

// readObject decodes a segment that is one JSON object. Numbers become
// [json.Number]. Names that differ by case alone are refused, and known ones in
// another case than theirs.
func readObject(segment string, known []string) (claims, error) {
	raw, err := decode(segment)
	if err != nil {
		return nil, errors.New("it is not in canonical base64url")
	}
	value := jsontext.Value(raw)
	if value.Kind() != '{' || !value.IsValid() {
		return nil, errors.New("it is not one JSON object of unique names")
	}
	var object claims
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, errors.New("it cannot be decoded")
	}
	return object, checkCase(object, known)
}

func checkCase(object claims, known []string) error {
	folded := make(map[string]bool, len(object)+len(known))
	for _, name := range known {
		if _, ok := object[name]; !ok {
			folded[fold(name)] = true // taken by a name that is not there
		}
	}
	for name := range object {
		key := fold(name)
		if folded[key] {
			return fmt.Errorf("the name %.40q is there in another case than it should be", key)
		}
		folded[key] = true
	}
	return nil
}

// fold returns what all spellings of a name that differ by case have in common.
func fold(name string) string {
	for i := range len(name) {
		if c := name[i]; c >= 0x80 || 'A' <= c && c <= 'Z' {
			return strings.ToLower(strings.ToUpper(name))
		}
	}
	return name
}
