package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tandem-go/tandem"
)

// fileSuffix ends the names of variables that name the file of a secret.
const fileSuffix = "_FILE"

// largestSecret bounds the file of a secret, in bytes.
const largestSecret = 64 << 10

// LookupSecret reads a secret from the environment: the variable of this name, or
// the file whose path the variable with the suffix _FILE has, as container
// platforms and systemd hand secrets over. A newline at the end of the file is no
// part of the secret. The secret is empty where neither variable is set, or both
// are empty.
//
// It is an error to set both, and if the file cannot be read, is empty or has more
// than 64 KiB. The error names the variable and the path, never the secret.
func LookupSecret(lookup func(name string) (string, bool), name string) (tandem.Secret, error) {
	value, _ := lookup(name)
	path, _ := lookup(name + fileSuffix)
	switch {
	case path == "":
		return tandem.Secret(value), nil
	case value != "":
		return "", fmt.Errorf("%s and %s%s are both set; set one of them", name, name, fileSuffix)
	}
	secret, err := readSecret(path)
	if err != nil {
		return "", fmt.Errorf("%s%s=%q: %w; it takes the path of a file that holds what %s would", name, fileSuffix, path, err, name)
	}
	return secret, nil
}

func readSecret(path string) (tandem.Secret, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", errors.Unwrap(err) // the path is told already
	}
	text, err := io.ReadAll(io.LimitReader(file, largestSecret+1))
	err = errors.Join(err, file.Close())
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case err != nil:
		return "", err
	case len(text) > largestSecret:
		return "", fmt.Errorf("the file has more than %d bytes", largestSecret)
	case strings.TrimSpace(secret) == "":
		return "", errors.New("the file is empty")
	}
	return tandem.Secret(secret), nil
}
