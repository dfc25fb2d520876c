package gitrepo_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

func TestIdentify(t *testing.T) {
	fsys := seed(t, gitrepotest.Commit{
		Files: map[string]string{"a/hello": "hello\n", "run": "hello\n", "link": "a/hello", "dir": "a", "out": "../x"},
		Modes: map[string]string{"run": "100755", "link": "120000", "dir": "120000", "out": "120000"},
	})
	files, ok := fsys.(interface {
		Identify(name string, follow bool) (string, string, fs.FileMode, error)
	})
	if !ok {
		t.Fatal("the file system can't identify")
	}
	type identity struct {
		Sum, Resolved, Mode string
	}
	const hello = "ce013625030ba8dba906f756967f9e9ca394464a"
	for _, tt := range []struct {
		name   string
		follow bool
		want   identity
		err    error
	}{
		{"a/hello", true, identity{hello, "a/hello", "-rw-r--r--"}, nil},
		{"run", true, identity{hello, "run", "-rwxr-xr-x"}, nil},
		{"link", true, identity{hello, "a/hello", "-rw-r--r--"}, nil},
		{"dir/hello", false, identity{hello, "a/hello", "-rw-r--r--"}, nil},
		{"none", true, identity{}, fs.ErrNotExist},
		{"run/none", true, identity{}, fs.ErrNotExist},
		{"../x", true, identity{}, fs.ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sum, resolved, mode, err := files.Identify(tt.name, tt.follow)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if tt.err != nil {
				return
			}
			if diff := cmp.Diff(tt.want, identity{sum, resolved, mode.String()}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
