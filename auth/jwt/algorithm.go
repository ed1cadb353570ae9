package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the algorithms
	_ "crypto/sha512"
	"errors"
	"maps"
	"math/big"
	"slices"
)

// family is how a signature is made.
type family uint8

const (
	pkcs1 family = iota + 1 // RSASSA-PKCS1-v1_5
	pss                     // RSASSA-PSS
	ec                      // ECDSA
	eddsa                   // Ed25519
)

// algorithm is one that may sign a token (RFC 7518, section 3.1; RFC 8037).
type algorithm struct {
	name   string
	family family
	hash   crypto.Hash
	curve  elliptic.Curve // of the family ec
}

// algorithms are all that can be configured. Those with a shared secret and none are
// not among them, so that no configuration lets a public key be one.
var algorithms = map[string]algorithm{
	"RS256": {"RS256", pkcs1, crypto.SHA256, nil},
	"RS384": {"RS384", pkcs1, crypto.SHA384, nil},
	"RS512": {"RS512", pkcs1, crypto.SHA512, nil},
	"PS256": {"PS256", pss, crypto.SHA256, nil},
	"PS384": {"PS384", pss, crypto.SHA384, nil},
	"PS512": {"PS512", pss, crypto.SHA512, nil},
	"ES256": {"ES256", ec, crypto.SHA256, elliptic.P256()},
	"ES384": {"ES384", ec, crypto.SHA384, elliptic.P384()},
	"ES512": {"ES512", ec, crypto.SHA512, elliptic.P521()},
	"EdDSA": {"EdDSA", eddsa, 0, nil},
	// The same by the name that RFC 9864 gives it.
	"Ed25519": {"Ed25519", eddsa, 0, nil},
}

func algorithmNames() []string { return slices.Sorted(maps.Keys(algorithms)) }

// fits reports whether a key is one of the algorithm's.
func (a algorithm) fits(public crypto.PublicKey) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return a.family == pkcs1 || a.family == pss
	case *ecdsa.PublicKey:
		return a.family == ec && key.Curve == a.curve
	case ed25519.PublicKey:
		return a.family == eddsa
	}
	return false
}

var errSignature = errors.New("the signature is wrong")

// verify checks a signature by a key that fits.
func (a algorithm) verify(public crypto.PublicKey, message, signature []byte) error {
	good := false
	switch key := public.(type) {
	case *rsa.PublicKey:
		good = a.verifyRSA(key, a.digest(message), signature)
	case *ecdsa.PublicKey:
		good = a.verifyEC(key, a.digest(message), signature)
	case ed25519.PublicKey:
		good = ed25519.Verify(key, message, signature)
	}
	if !good {
		return errSignature
	}
	return nil
}

func (a algorithm) digest(message []byte) []byte {
	h := a.hash.New()
	h.Write(message)
	return h.Sum(nil)
}

func (a algorithm) verifyRSA(key *rsa.PublicKey, digest, signature []byte) bool {
	if a.family == pss { // RFC 7518, section 3.5: the salt is as long as the hash
		return rsa.VerifyPSS(key, a.hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return rsa.VerifyPKCS1v15(key, a.hash, digest, signature) == nil
}

// verifyEC takes R and S in their fixed width (RFC 7518, section 3.4).
func (a algorithm) verifyEC(key *ecdsa.PublicKey, digest, signature []byte) bool {
	width := (a.curve.Params().BitSize + 7) / 8
	if len(signature) != 2*width {
		return false
	}
	r := new(big.Int).SetBytes(signature[:width])
	s := new(big.Int).SetBytes(signature[width:])
	return ecdsa.Verify(key, digest, r, s)
}
