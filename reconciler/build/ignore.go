package build

import (
	"bytes"
	"fmt"
	"path"
	"strings"
)

// IgnoreFile is the name of the file that lists what isn't a manifest.
const IgnoreFile = ".towlineignore"

// Ignore decides by the patterns of .towlineignore files which paths a plain
// build passes over. The patterns are a subset of .gitignore's: comments, !,
// a leading or inner / that anchors, a final / for folders only, *, ?, [a-z]
// and **. A pattern holds from its file's folder downwards; the last that
// matches wins.
type Ignore struct{ rules []rule }

type rule struct {
	base     string // folder of the file it stands in
	segments []string
	negate   bool
	dirOnly  bool
	anchored bool
}

// Add appends the patterns of the file that stands in folder base.
func (g *Ignore) Add(base string, data []byte) error {
	n := 0
	for line := range bytes.Lines(data) {
		n++
		text := strings.TrimRight(string(line), " \t\r\n")
		if text == "" || text[0] == '#' {
			continue
		}
		r := rule{base: base}
		if rest, ok := strings.CutPrefix(text, "!"); ok {
			r.negate, text = true, rest
		}
		if rest, ok := strings.CutSuffix(text, "/"); ok {
			r.dirOnly, text = true, rest
		}
		r.anchored = strings.Contains(text, "/")
		r.segments = strings.Split(strings.TrimPrefix(text, "/"), "/")
		for _, s := range r.segments {
			if _, err := path.Match(s, ""); err != nil || s == "" {
				return &Error{File: path.Join(base, IgnoreFile), Line: n, Err: fmt.Errorf("pattern %q can't be read", text)}
			}
		}
		g.rules = append(g.rules, r)
	}
	return nil
}

// Match tells whether name, a slash path from the root of the repository, is passed over.
func (g *Ignore) Match(name string, dir bool) bool {
	ignored := false
	for _, r := range g.rules {
		if r.dirOnly && !dir {
			continue
		}
		rel := name
		if r.base != "." {
			var below bool
			if rel, below = strings.CutPrefix(name, r.base+"/"); !below {
				continue
			}
		}
		if r.matches(rel) {
			ignored = !r.negate
		}
	}
	return ignored
}

func (r rule) matches(rel string) bool {
	if !r.anchored {
		return segmentMatches(r.segments[0], path.Base(rel))
	}
	return segmentsMatch(r.segments, strings.Split(rel, "/"))
}

// segmentsMatch handles ** in linear space: it walks the states that are still
// possible, so that a pattern of many ** can't take exponential time.
func segmentsMatch(pattern, name []string) bool {
	possible := closure(map[int]bool{0: true}, pattern)
	for _, n := range name {
		next := map[int]bool{}
		for i := range possible {
			switch {
			case i >= len(pattern):
			case pattern[i] == "**":
				next[i] = true
			case segmentMatches(pattern[i], n):
				next[i+1] = true
			}
		}
		possible = closure(next, pattern)
	}
	return possible[len(pattern)]
}

// closure adds the states that ** reaches by standing for nothing.
func closure(states map[int]bool, pattern []string) map[int]bool {
	for i, p := range pattern {
		if states[i] && p == "**" {
			states[i+1] = true
		}
	}
	return states
}

func segmentMatches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
