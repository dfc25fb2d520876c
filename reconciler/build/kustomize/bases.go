package kustomize

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/reconciler/build"
)

// Bases says which bases of other repositories kustomizations may name. The zero value
// allows none.
type Bases struct {
	// Allowed are the beginnings of the repositories' addresses, https://HOST[/PATH], held
	// against whole parts of the path.
	Allowed []string
	// Fetch gives the files of a repository at a commit, of 40 hexadecimal digits. Its
	// errors are taken for ones that pass.
	Fetch func(ctx context.Context, url, commit string) (fs.FS, error)
}

// Validate tells what is wrong with the addresses that are allowed.
func (b Bases) Validate() error {
	for _, prefix := range b.Allowed {
		if _, err := parseAddress(prefix); err != nil {
			return fmt.Errorf("allowing remote bases of %q: %w", prefix, err)
		}
	}
	if len(b.Allowed) > 0 && b.Fetch == nil {
		return errors.New("allowing remote bases: nothing fetches them")
	}
	return nil
}

// base is a remote base: a folder of a repository at a commit.
type base struct {
	repository string // https://HOST/PATH
	commit     string
	dir        string // "." for the root
}

// hintBase is the one form that is known.
const hintBase = "https://HOST/REPOSITORY[//FOLDER]?ref=COMMIT, with all 40 digits of the commit's hash"

// parse reads the address of a base in the only form that is allowed, so that there is
// nothing in which two readers of it might differ. A branch or a tag may be moved without
// a commit of ours, so only commits are named.
func (b Bases) parse(text string) (base, error) {
	address, query, _ := strings.Cut(text, "?")
	commit, ok := strings.CutPrefix(query, "ref=")
	if !ok || !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(commit) {
		return base{}, fmt.Errorf("%q names no commit: a remote base is %s", text, hintBase)
	}
	rest, ok := strings.CutPrefix(address, "https://")
	if !ok {
		return base{}, fmt.Errorf("%q isn't fetched by HTTPS: a remote base is %s", text, hintBase)
	}
	rest, dir, inner := strings.Cut(rest, "//")
	if !inner {
		dir = "."
	}
	if !fs.ValidPath(dir) || strings.ContainsAny(dir, `%\`) {
		return base{}, fmt.Errorf("the folder of %q leads elsewhere", text)
	}
	repository, err := parseAddress("https://" + rest)
	if err != nil {
		return base{}, fmt.Errorf("remote base %q: %w", text, err)
	}
	for _, prefix := range b.Allowed {
		if allowed, err := parseAddress(prefix); err == nil && within(repository, allowed) {
			return base{repository: repository.String(), commit: commit, dir: dir}, nil
		}
	}
	return base{}, fmt.Errorf("%q isn't among the repositories that remote bases may come from", text)
}

// parseAddress reads a repository's address, or the beginning of one.
func parseAddress(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it isn't an address")
	case u.Scheme != "https":
		return nil, errors.New("the address doesn't begin with https://")
	case u.User != nil:
		return nil, errors.New("the address holds a user")
	case u.Host == "" || u.Host != strings.ToLower(u.Host) || strings.Trim(u.Host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") != "":
		return nil, errors.New("the host isn't written in small letters, digits, dots and dashes")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.ContainsAny(text, `%\#`):
		return nil, errors.New("there is more than a host and a path, or something escaped")
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	if u.Path != "" && path.Clean(u.Path) != u.Path {
		return nil, errors.New("the path leads elsewhere")
	}
	return u, nil
}

// within tells whether an address lies below another one.
func within(u, above *url.URL) bool {
	return u.Host == above.Host && (above.Path == "" || u.Path == above.Path || strings.HasPrefix(u.Path, above.Path+"/"))
}

// mountAll fetches the remote bases that a kustomization names, puts their folders in the
// place of their addresses, and gives these folders.
func (f *files) mountAll(name string, data []byte, k *types.Kustomization) (map[string]bool, error) {
	if len(f.bases.Allowed) == 0 {
		return nil, nil // vetPath refuses them
	}
	mounted := map[string]bool{}
	for _, list := range [][]string{k.Resources, k.Components, k.Bases} { //nolint:staticcheck // deprecated, but the library still reads it
		for i, text := range list {
			if !remote(text) {
				continue
			}
			b, err := f.bases.parse(text)
			if err != nil {
				return nil, &build.Error{File: name, Line: lineOf(data, text), Err: err}
			}
			at, err := f.mount(b)
			if err != nil {
				return nil, err
			}
			if !f.IsDir(at) {
				return nil, &build.Error{File: name, Line: lineOf(data, text), Err: fmt.Errorf("%q names no folder of that commit", text)}
			}
			mounted[at] = true
			list[i] = "./" + strings.Repeat("../", depth(path.Dir(name))) + at
		}
	}
	return mounted, nil
}

// depth counts the folders on the way to one.
func depth(dir string) int {
	if dir == "." {
		return 0
	}
	return strings.Count(dir, "/") + 1
}

// encode writes a kustomization, and holds that the library reads the same out of it.
func encode(name string, k *types.Kustomization) ([]byte, error) {
	data, err := sigsyaml.Marshal(k)
	if err != nil {
		return nil, &build.Error{File: name, Err: fmt.Errorf("encoding the kustomization: %w", err)}
	}
	var again types.Kustomization
	if err := again.Unmarshal(data); err != nil || !reflect.DeepEqual(k, &again) {
		return nil, &build.Error{File: name, Err: errors.New("remote bases can't stand in this kustomization"), Hint: "name them in a kustomization of their own"}
	}
	return data, nil
}
