// Package depcheck holds the packages of this module to the import rules of the
// design: what may know of what. The rules are a table, Rules; the test of this
// package runs them over the module, so that an import in the wrong direction
// fails the build and not a review.
//
// It looks at what packages import, not at what they do with it, and leaves
// their tests alone.
package depcheck

import (
	"fmt"
	"slices"
	"strings"
)

// Graph holds what each package imports directly. Packages of the module are
// named relative to it ("policy", "gitwriter/forge"), all others in full. It
// includes what others import, so that paths through them are found.
type Graph struct {
	// Imports has an entry for each package.
	Imports map[string][]string
	// Own are the packages of the module, ThirdParty those of other modules.
	// The rest belongs to the standard library.
	Own, ThirdParty map[string]bool
}

// Pattern names packages: one by its path; one and all below it by "path/...";
// or one of the classes Own and ThirdParty.
type Pattern string

// The classes of packages.
const (
	Own        Pattern = "packages of this module"
	ThirdParty Pattern = "packages of other modules"
)

// Rule says what some packages may not import.
type Rule struct {
	// Why is the rule in words, for whoever breaks it.
	Why string
	// From are the packages that are bound by the rule, but for Except.
	From, Except []Pattern
	// Deny is what they may not import, but for Allow.
	Deny, Allow []Pattern
	// Through extends the rule to what the imported packages import in turn.
	Through bool
}

// Violation is an import that a rule denies.
type Violation struct {
	Rule Rule
	// Path leads from the bound package to the denied one. It has two entries
	// when the import is a direct one.
	Path []string
}

// String shows the path and the rule.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %s", strings.Join(v.Path, " → "), v.Rule.Why)
}

// Check returns the imports that break a rule, in a stable order. For an import
// through others it gives the shortest path; what a denied package imports in
// turn isn't reported.
func Check(g Graph, rules []Rule) []Violation {
	var violations []Violation
	for _, rule := range rules {
		for _, from := range g.bound(rule) {
			for _, path := range g.denied(rule, from) {
				violations = append(violations, Violation{Rule: rule, Path: path})
			}
		}
	}
	return violations
}

// bound returns the packages of the module that a rule is about.
func (g Graph) bound(rule Rule) []string {
	var bound []string
	for pkg := range g.Own {
		if g.matches(rule.From, pkg) && !g.matches(rule.Except, pkg) {
			bound = append(bound, pkg)
		}
	}
	slices.Sort(bound)
	return bound
}

// denied returns a shortest path to each package that from mustn't import, found
// breadth first.
func (g Graph) denied(rule Rule, from string) [][]string {
	var denied [][]string
	seen := map[string]bool{from: true}
	for queue := [][]string{{from}}; len(queue) > 0; queue = queue[1:] {
		path := queue[0]
		for _, pkg := range slices.Sorted(slices.Values(g.Imports[path[len(path)-1]])) {
			if seen[pkg] {
				continue
			}
			seen[pkg] = true
			longer := append(slices.Clone(path), pkg)
			switch {
			case g.matches(rule.Deny, pkg) && !g.matches(rule.Allow, pkg):
				denied = append(denied, longer)
			case rule.Through:
				queue = append(queue, longer)
			}
		}
	}
	return denied
}

// matches tells whether one of the patterns names the package.
func (g Graph) matches(patterns []Pattern, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p Pattern) bool {
		switch p {
		case Own:
			return g.Own[pkg]
		case ThirdParty:
			return g.ThirdParty[pkg]
		}
		if below, all := strings.CutSuffix(string(p), "/..."); all {
			return pkg == below || strings.HasPrefix(pkg, below+"/")
		}
		return pkg == string(p)
	})
}
