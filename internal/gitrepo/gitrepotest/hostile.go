package gitrepotest

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
)

// Entry is one entry of a tree that Tree makes as it is told.
type Entry struct {
	Mode, Name string // such as "100644"; "40000" for a folder
	Hash       string
}

// Blob puts a file's content into a repository and returns its hash.
func (s *Server) Blob(name, content string) string {
	s.tb.Helper()
	return s.GitInput(name, []byte(content), "hash-object", "-w", "--stdin")
}

// Zeros is Blob for a file of so many zeros, which isn't held in memory.
func (s *Server) Zeros(name string, size int64) string {
	s.tb.Helper()
	path := filepath.Join(s.tb.TempDir(), "zeros")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		s.tb.Fatal(err)
	}
	if err := os.Truncate(path, size); err != nil {
		s.tb.Fatal(err)
	}
	return s.Git(name, "hash-object", "-w", path)
}

// Tree puts a folder into a repository with any entries in any order, and returns its
// hash. Git's own commands refuse many of them.
func (s *Server) Tree(name string, entries ...Entry) string {
	s.tb.Helper()
	var b bytes.Buffer
	for _, entry := range entries {
		raw, err := hex.DecodeString(entry.Hash)
		if err != nil {
			s.tb.Fatal(err)
		}
		b.Write(tree(entry.Mode, entry.Name, raw))
	}
	return s.Literal(name, "tree", b.Bytes())
}

// Literal puts an object into a repository that holds just these bytes.
func (s *Server) Literal(name, kind string, data []byte) string {
	s.tb.Helper()
	return s.GitInput(name, data, "hash-object", "-w", "-t", kind, "--literally", "--stdin")
}

// CommitTree makes a commit of a tree the head of main, and returns its hash.
func (s *Server) CommitTree(name, tree string) string {
	s.tb.Helper()
	commit := s.GitInput(name, []byte("A trap\n"), "commit-tree", tree)
	s.Git(name, "update-ref", "refs/heads/main", commit)
	return commit
}
