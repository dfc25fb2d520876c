// Package config reads the configuration files of the two halves, strictly: an
// unknown field is an error with its line and the nearest known name. Files hold
// the places of credentials and never a credential.
package config

import (
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/towline-dev/towline/policy"
)

const (
	apiVersion = "towline.dev/v1"
	// maxSize bounds a configuration file, in bytes.
	maxSize = 1 << 20
)

func read(name string) (data []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err = io.ReadAll(io.LimitReader(f, maxSize+1))
	if closed := f.Close(); err == nil {
		err = closed
	}
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxSize:
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxSize)
	}
	return data, nil
}

func decode(name string, data []byte, into any) (*validation, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if problems := policy.DecodeStrict(name, &doc, into); len(problems) > 0 {
		return nil, problems
	}
	return &validation{name: name}, nil
}

// validation gathers what is wrong with a file whose fields are all known.
type validation struct {
	name     string
	problems policy.Problems
}

func (v *validation) check(ok bool, message, hint string, args ...any) {
	if !ok {
		v.problems = append(v.problems, policy.Problem{
			Position: policy.Position{File: v.name}, Message: fmt.Sprintf(message, args...), Hint: hint,
		})
	}
}

func (v *validation) kind(version, kind, want string) {
	v.check(version == apiVersion && kind == want, "the document is %q of %q", "it must be "+want+" of "+apiVersion, kind, version)
}
