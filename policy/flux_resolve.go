package policy

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// FluxPolicies are the policies that Flux's documents define.
type FluxPolicies struct {
	// Policies are valid, in the order of their places.
	Policies []*Policy
	// Unusable are the other policies, of which only name, namespace and place are
	// known. A file in which a document can't be read has one without a name.
	// They mustn't leave their place to one of the same name further off.
	Unusable []*Policy
	// Problems are references that lead nowhere or aren't allowed. A policy with
	// such a problem isn't among the policies.
	Problems Problems
	// Notes tell what is not supported or does nothing, and what is suspended.
	// They don't keep anything from being used.
	Notes Problems
}

// ResolveFlux makes policies of the Flux documents of a tree: it follows each
// ImagePolicy to its ImageRepository, as far as accessFrom lets it, and limits it
// to the paths of the ImageUpdateAutomations that select it. Where several
// objects have one name, as for several clusters, the nearest counts.
//
// A document that names no namespace gets the one that kustomizations of the tree
// give it, if it is one and the same on every way; otherwise it has none, and no
// marker can name it.
func ResolveFlux(files []Flux) FluxPolicies {
	r := newResolver(files)
	var out FluxPolicies
	for _, f := range files {
		out.Notes = append(out.Notes, f.notes...)
		if f.unread != (Position{}) {
			out.Unusable = append(out.Unusable, &Policy{Position: f.unread, flux: true})
		}
	}
	for _, draft := range r.policies {
		p, problem := r.resolve(draft)
		if problem != nil {
			out.Problems = append(out.Problems, *problem)
		}
		if p == nil {
			out.Unusable = append(out.Unusable, draft.policy)
			continue
		}
		if note := p.limit(r.automations, draft.labels); note != "" {
			out.Notes = append(out.Notes, Problem{Position: p.Position, Message: note})
		}
		out.Policies = append(out.Policies, p)
	}
	tellApart(out.Policies)
	out.Problems, out.Notes = out.Problems.Sorted(), out.Notes.Sorted()
	return out
}

// A resolver holds the documents of a tree, with their namespaces filled in.
type resolver struct {
	policies     []fluxPolicy
	repositories map[string][]fluxRepository // by key
	automations  []fluxAutomation
	namespaces   []fluxNamespace
}

func newResolver(files []Flux) *resolver {
	r := &resolver{repositories: map[string][]fluxRepository{}}
	given := newNamespaces(files)
	in := func(namespace, file string) string {
		if all := given.of(file); namespace == "" && len(all) == 1 {
			return all[0]
		}
		return namespace
	}
	for _, f := range files {
		for _, repository := range f.repositories {
			repository.namespace = in(repository.namespace, repository.position.File)
			key := keyOf(repository.namespace, repository.name)
			r.repositories[key] = append(r.repositories[key], repository)
		}
		for _, a := range f.automations {
			a.namespace = in(a.namespace, a.file)
			r.automations = append(r.automations, a)
		}
		for _, p := range f.policies {
			p.policy = p.policy.within(in(p.policy.Namespace, p.policy.Position.File))
			r.policies = append(r.policies, p)
		}
		r.namespaces = append(r.namespaces, f.namespaces...)
	}
	slices.SortStableFunc(r.policies, func(a, b fluxPolicy) int { return comparePositions(a.policy.Position, b.policy.Position) })
	return r
}

// within gives the policy in a namespace.
func (p *Policy) within(namespace string) *Policy {
	in := *p
	in.Namespace = namespace
	return &in
}

func comparePositions(a, b Position) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// resolve follows a policy to its repository. It gives nothing for one that has a
// problem of its own, which has been told.
func (r *resolver) resolve(draft fluxPolicy) (*Policy, *Problem) {
	if draft.broken {
		return nil, nil
	}
	problem := func(message, hint string) *Problem {
		return &Problem{draft.at, "spec.imageRepositoryRef: " + message, hint}
	}
	key := keyOf(cmp.Or(draft.in, draft.policy.Namespace), draft.repository)
	found := r.repositories[key]
	if len(found) == 0 {
		return nil, problem(fmt.Sprintf("the ImageRepository %s isn't here", quote(key)), r.nearest(key, draft.repository))
	}
	near := Closest(found, draft.policy.Position.File, fluxRepository.dir)
	if len(near) > 1 {
		return nil, problem(fmt.Sprintf("several ImageRepositories are named %s", quote(key)),
			fmt.Sprintf("%s and %s are equally near", near[0].position, near[1].position))
	}
	repository := near[0]
	if repository.broken {
		return nil, problem(fmt.Sprintf("the ImageRepository %s can't be used", quote(key)), "see "+repository.position.String())
	}
	if why := repository.denies(draft.policy.Namespace, r.namespaces); why != "" {
		return nil, problem(fmt.Sprintf("the ImageRepository %s doesn't let policies of the namespace %s use it", quote(key), quote(draft.policy.Namespace)),
			fmt.Sprintf("%s; see %s", why, repository.position))
	}
	return draft.join(repository), nil
}

// nearest is the hint for a repository that isn't there.
func (r *resolver) nearest(key, name string) string {
	for _, other := range slices.Sorted(maps.Keys(r.repositories)) {
		if at := r.repositories[other][0]; at.name == name {
			return fmt.Sprintf("%s has that name, in the namespace %s", at.position, quote(at.namespace))
		}
	}
	if near := Nearest(key, slices.Collect(maps.Keys(r.repositories))); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	return "it may stand in another repository; towline needs it here"
}

// Closest gives those items whose folder leads furthest towards the file, which
// is more than one where several lead equally far. One whose folder holds the
// file goes before one that stands aside.
func Closest[T any](items []T, file string, dir func(T) string) []T {
	var best []T
	highest := -1
	for _, item := range items {
		switch n := towards(dir(item), file); {
		case n > highest:
			best, highest = []T{item}, n
		case n == highest:
			best = append(best, item)
		}
	}
	return best
}

// towards counts the folders that a folder and a file have in common, twice, and
// one more where the folder holds the file.
func towards(dir, file string) int {
	n := 2 * len(common(dir, path.Dir(file)))
	if dir == "." || strings.HasPrefix(file, dir+"/") {
		n++
	}
	return n
}

// common gives the folders that lead to both.
func common(a, b string) []string {
	partsA, partsB := folders(a), folders(b)
	n := 0
	for n < min(len(partsA), len(partsB)) && partsA[n] == partsB[n] {
		n++
	}
	return partsA[:n]
}

func folders(dir string) []string {
	if dir == "." {
		return nil
	}
	return strings.Split(dir, "/")
}

// tellApart gives policies of one name the folder that tells them apart. Two in
// one folder keep the same name, which is a problem of the tree's.
func tellApart(policies []*Policy) {
	named := map[string][]*Policy{}
	for _, p := range policies {
		named[p.Key()] = append(named[p.Key()], p)
	}
	for _, namesakes := range named {
		for _, p := range namesakes {
			shared := -1
			for _, other := range namesakes {
				if other != p {
					shared = max(shared, len(common(p.Dir(), other.Dir())))
				}
			}
			if own := folders(p.Dir()); shared >= 0 && shared < len(own) {
				p.scope = plainName(strings.Join(own[:shared+1], "/"))
			}
		}
	}
}

// plainName leaves what may stand in a branch's name of a path, since names of
// policies become names of branches.
func plainName(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x80 || r == '.' || r != '/' && !isTagByte(byte(r)) { // #nosec G115 -- ASCII, as tested before
			return '-'
		}
		return r
	}, text)
}

func sortedSet(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
