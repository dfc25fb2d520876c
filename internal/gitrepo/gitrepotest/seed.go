package gitrepotest

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Commit is a commit to put into a repository behind everybody's back.
type Commit struct {
	// Branch is made where it doesn't exist. Default: main.
	Branch string
	// From is the parent. Default: the branch's head, or none.
	From string
	// Root makes a commit without parent, whatever the branch held.
	Root bool
	// Files are contents by path.
	Files map[string]string
	// Modes are modes by path, such as 100755, or 120000 for a symbolic link, or
	// 160000 for a submodule, whose content is a commit's hash. Default: 100644.
	Modes map[string]string
	// Deletes are paths that go.
	Deletes []string
	// Message defaults to "Change by hand".
	Message string
	// Committer defaults to "Pat <pat@example.com>".
	Committer string
	// When is the committer's date, in seconds since 1970. Default: 1700000000.
	When int64
}

// Commit makes one commit and returns its hash.
func (s *Server) Commit(name string, c Commit) string {
	s.tb.Helper()
	if c.Branch == "" {
		c.Branch = "main"
	}
	if c.Message == "" {
		c.Message = "Change by hand\n"
	}
	if c.Committer == "" {
		c.Committer = "Pat <pat@example.com>"
	}
	if c.From == "" && !c.Root {
		c.From = s.Head(name, c.Branch)
	}
	if c.Root {
		s.Git(name, "update-ref", "-d", "refs/heads/"+c.Branch)
	}
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit refs/heads/%s\ncommitter %s %d +0000\n", c.Branch, c.Committer, cmp.Or(c.When, 1700000000))
	data(&in, c.Message)
	if c.From != "" {
		fmt.Fprintf(&in, "from %s\n", c.From)
	}
	for _, path := range c.Deletes {
		fmt.Fprintf(&in, "D %s\n", path)
	}
	for _, path := range slices.Sorted(maps.Keys(c.Files)) {
		switch mode := c.Modes[path]; mode {
		case "160000":
			fmt.Fprintf(&in, "M 160000 %s %s\n", c.Files[path], path)
		case "":
			fmt.Fprintf(&in, "M 100644 inline %s\n", path)
			data(&in, c.Files[path])
		default:
			fmt.Fprintf(&in, "M %s inline %s\n", mode, path)
			data(&in, c.Files[path])
		}
	}
	s.GitInput(name, in.Bytes(), "fast-import", "--quiet", "--force")
	return s.Head(name, c.Branch)
}

func data(in *bytes.Buffer, text string) { fmt.Fprintf(in, "data %d\n%s\n", len(text), text) }

// HostileCommit puts a commit on main whose root holds one file of any name, even
// one that Git's own commands refuse.
func (s *Server) HostileCommit(name, entry string) string {
	s.tb.Helper()
	return s.CommitTree(name, s.Tree(name, Entry{"100644", entry, s.Blob(name, "kind: Trap\n")}))
}
