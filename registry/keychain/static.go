package keychain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/towline-dev/towline/internal/secret"
)

// password is a user with a password or token that may change.
type password struct {
	username string
	read     func() (secret.String, error)
}

// Password is a user with a password or token.
func Password(username string, text secret.String) Source {
	return password{username, func() (secret.String, error) { return text, nil }}
}

// PasswordFile is a user whose password or token stands in a file. The file is read
// whenever it is needed, so that it can be changed; blanks around its text are left off.
func PasswordFile(username, file string) Source {
	return password{username, func() (secret.String, error) { return readSecret(file) }}
}

// Find implements Source.
func (p password) Find(context.Context, authn.Resource, bool) (authn.AuthConfig, error) {
	text, err := p.read()
	if err != nil {
		return authn.AuthConfig{}, err
	}
	return authn.AuthConfig{Username: p.username, Password: text.Reveal()}, nil
}

// maxFile bounds files that hold credentials, in bytes.
const maxFile = 1 << 20

func readSecret(file string) (secret.String, error) {
	data, err := readFile(file)
	if err != nil {
		return secret.String{}, err
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		return secret.String{}, fmt.Errorf("the file %s is empty", file)
	}
	return secret.New(text), nil
}

func readFile(file string) (data []byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("the file %s has more than %d bytes", file, maxFile)
	}
	return data, err
}
