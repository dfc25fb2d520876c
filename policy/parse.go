package policy

import "fmt"

// Parse gives every ImagePolicy of a file, in the order in which they stand
// there. Documents of other kinds are passed over, so that policies may stand
// beside manifests. The name of the file is slash-separated, from the root of
// the repository; it is part of every place and gives [Policy.Dir].
//
// An error is always [Problems], with all that is wrong in the file. The
// policies that are right are given along with it: one bad document doesn't
// hide the good ones.
func Parse(file string, data []byte) ([]*Policy, error) {
	docs, problems := documents(file, data, group, kindImagePolicy)
	var policies []*Policy
	first := map[string]Position{}
	for _, doc := range docs {
		ok, unknown := doc.known(file, kindImagePolicy)
		problems = append(problems, unknown...)
		if !ok {
			continue
		}
		var m manifest
		d := decode(file, doc.root, &m)
		d.effort = doc.effort
		p := d.policy(m)
		if len(d.problems) > 0 {
			problems = append(problems, d.problems...)
			continue
		}
		if earlier, twice := first[p.Key()]; twice {
			problems = append(problems, Problem{
				Position: d.places["metadata.name"],
				Message:  fmt.Sprintf("metadata.name: the file has two policies named %q", p.Key()),
				Hint:     "the first is at " + earlier.String(),
			})
			continue
		}
		first[p.Key()] = p.Position
		policies = append(policies, p)
	}
	return policies, problems.Err()
}
