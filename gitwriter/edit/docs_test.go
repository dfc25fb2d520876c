package edit_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedCases holds docs/editing.md to the golden cases that it names: what it
// says is edited has a result, and what it says is refused has the message and none.
func TestDocumentedCases(t *testing.T) {
	text, err := os.ReadFile("../../docs/editing.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`([^`]+)`")
	rows := 0
	for _, section := range strings.Split(string(text), "\n## ") {
		refused := strings.HasPrefix(section, "What is refused")
		for line := range strings.Lines(section) {
			columns := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
			if !strings.HasPrefix(line, "| ") || len(columns) < 3 {
				continue
			}
			rows++
			for _, found := range name.FindAllStringSubmatch(columns[len(columns)-1], -1) {
				dir := filepath.Join("testdata", "golden", found[1])
				report := string(readFile(t, filepath.Join(dir, "report")))
				_, err := os.Stat(filepath.Join(dir, "after"))
				switch message := strings.TrimSpace(columns[1]); {
				case !refused && err != nil && !strings.Contains(found[1], "not-"):
					t.Errorf("%s: it is said to be edited, and isn't", found[1])
				case refused && err == nil && !strings.Contains(report, "problem"):
					t.Errorf("%s: it is said to be refused, and isn't", found[1])
				case refused && message != "the place, and why" && !strings.Contains(report, message):
					t.Errorf("%s: the report doesn't say %q:\n%s", found[1], message, report)
				}
			}
		}
	}
	if rows < 30 {
		t.Errorf("%d rows found", rows)
	}
}
