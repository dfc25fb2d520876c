package policy_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files instead of comparing with them")
	m.Run()
}

// TestProblems holds what is said about the files in testdata/problems, place
// for place, against the .txt beside each.
func TestProblems(t *testing.T) {
	golden(t, "testdata/problems", func(file string, data []byte) error {
		_, err := policy.Parse(file, data)
		return err
	})
}

func TestConfigProblems(t *testing.T) {
	golden(t, "testdata/config", func(file string, data []byte) error {
		_, err := policy.ParseUpdateConfig(file, data)
		return err
	})
}

func golden(t *testing.T, dir string, parse func(string, []byte) error) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := parse(filepath.Base(file), data); err != nil {
				var problems policy.Problems
				if !errors.As(err, &problems) {
					t.Fatalf("the error is a %T, not Problems", err)
				}
				got = err.Error() + "\n"
			}
			wantFile := strings.TrimSuffix(file, ".yaml") + ".txt"
			if flag.Lookup("update").Value.String() == "true" {
				if err := os.WriteFile(wantFile, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("problems of %s (-want +got):\n%s", file, diff)
			}
		})
	}
}
