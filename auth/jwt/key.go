package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The sizes of RSA keys that are accepted, in bits. The large ones cost the
// verifier time, and nobody uses them.
const (
	minRSA = 2048
	maxRSA = 8192
)

// key is one of an issuer's public keys. It is immutable, and remains the same
// object while the issuer publishes it unchanged.
type key struct {
	id        string
	algorithm string // the only one it is for; "" if it does not say
	public    crypto.PublicKey
}

// fits reports whether the key may verify signatures of the algorithm.
func (k *key) fits(a algorithm) bool {
	return (k.algorithm == "" || k.algorithm == a.name) && a.fits(k.public)
}

func (k *key) equal(other *key) bool {
	public, ok := k.public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.id == other.id && k.algorithm == other.algorithm && public.Equal(other.public)
}

// collides reports whether there is an algorithm which both keys are for.
func (k *key) collides(other *key) bool {
	for _, a := range algorithms {
		if k.fits(a) && other.fits(a) {
			return true
		}
	}
	return false
}

// jwk are the members of a JSON Web Key that are read (RFC 7517, section 4; RFC
// 7518, section 6; RFC 8037, section 2). Certificates are not: the issuer's https
// vouches for its keys.
type jwk struct {
	Type       string   `json:"kty"`
	Use        *string  `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	ID         string   `json:"kid"`

	N     string `json:"n"`
	E     string `json:"e"`
	Curve string `json:"crv"`
	X     string `json:"x"`
	Y     string `json:"y"`

	Private jsontext.Value `json:"d"`
	Secret  jsontext.Value `json:"k"`
}

// parseKey returns a key that may verify tokens, or why this one may not.
func parseKey(raw jsontext.Value) (*key, error) {
	var j jwk
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, errors.New("it is malformed")
	}
	if err := j.checkPurpose(); err != nil {
		return nil, err
	}
	public, err := j.public()
	if err != nil {
		return nil, err
	}
	return &key{id: j.ID, algorithm: j.Algorithm, public: public}, nil
}

func (j *jwk) checkPurpose() error {
	switch {
	case j.Private != nil || j.Secret != nil:
		return errors.New("its private part is public, so that anybody can sign with it")
	case j.ID == "" || len(j.ID) > maxKeyID:
		return errors.New("it has no kid, or a very long one")
	case j.Use != nil && *j.Use != "sig":
		return errors.New("its use is not sig")
	case j.Operations != nil && !slices.Contains(j.Operations, "verify"):
		return errors.New("its key_ops do not include verify")
	case j.Algorithm != "" && algorithms[j.Algorithm].name == "":
		return errors.New("it is for an algorithm that is not accepted")
	}
	return nil
}

func (j *jwk) public() (crypto.PublicKey, error) {
	switch j.Type {
	case "RSA":
		return j.rsa()
	case "EC":
		return j.ec()
	case "OKP":
		return j.ed25519()
	}
	return nil, errors.New("its kty is not RSA, EC or OKP")
}

func (j *jwk) rsa() (crypto.PublicKey, error) {
	n, err := decode(j.N)
	e, err2 := decode(j.E)
	if err != nil || err2 != nil {
		return nil, errors.New("its n or e is not in base64url")
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if bits := modulus.BitLen(); bits < minRSA || bits > maxRSA {
		return nil, fmt.Errorf("it has %d bits, not %d to %d", bits, minRSA, maxRSA)
	}
	if !exponent.IsInt64() || exponent.Int64() < 3 || exponent.Int64() > math.MaxInt32 || exponent.Bit(0) == 0 || modulus.Bit(0) == 0 {
		return nil, errors.New("its n or e is not that of an RSA key")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

func (j *jwk) ec() (crypto.PublicKey, error) {
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
	curve, ok := curves[j.Curve]
	if !ok {
		return nil, errors.New("its crv is not P-256, P-384 or P-521")
	}
	x, err := decode(j.X)
	y, err2 := decode(j.Y)
	width := (curve.Params().BitSize + 7) / 8
	if err != nil || err2 != nil || len(x) != width || len(y) != width {
		return nil, errors.New("its x or y is not in base64url, or not of the curve's size")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, errors.New("it is not a point on its curve")
	}
	return public, nil
}

func (j *jwk) ed25519() (crypto.PublicKey, error) {
	x, err := decode(j.X)
	if j.Curve != "Ed25519" || err != nil || len(x) != ed25519.PublicKeySize {
		return nil, errors.New("it is not an Ed25519 key")
	}
	return ed25519.PublicKey(x), nil
}
