package policy_test

import (
	"fmt"

	"github.com/towline-dev/towline/policy"
)

// A policy file is read, and chooses among the tags that a registry lists.
func Example() {
	const file = `apiVersion: towline.dev/v1
kind: ImagePolicy
metadata: {name: podinfo}
spec:
  image: ghcr.io/stefanprodan/podinfo
  policy: {semver: {range: ">=6.0.0 <7.0.0"}}
  exclude: ["6.3.0"]
`
	policies, err := policy.Parse("apps/podinfo/policy.yaml", []byte(file))
	if err != nil {
		fmt.Println(err)
		return
	}
	choice, err := policies[0].Choose(policy.Request{
		Current: "6.1.0",
		Tags:    []string{"6.0.0", "6.1.0", "6.2.4", "6.3.0", "7.0.0", "latest"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(choice.Tag, choice.Level)
	fmt.Println(choice.Reason)
	// Output:
	// 6.2.4 minor
	// 6.2.4 is the highest of the 2 tags that fit the range ">=6.0.0 <7.0.0", out of 6 listed; it is a minor update of "6.1.0".
}

// What is wrong in a file comes with its place and a hint.
func ExampleParse() {
	const file = `apiVersion: towline.dev/v1
kind: ImagePolicy
metadata: {name: podinfo}
spec:
  image: ghcr.io/stefanprodan/podinfo:6.0.0
  policy: {semver: {rang: ">=6.0.0"}}
`
	_, err := policy.Parse("policy.yaml", []byte(file))
	fmt.Println(err)
	// Output:
	// policy.yaml:5:10: spec.image: "ghcr.io/stefanprodan/podinfo:6.0.0" holds the tag "6.0.0" (write "ghcr.io/stefanprodan/podinfo"; the policy chooses the tag)
	// policy.yaml:6:21: spec.policy.semver.rang: unknown field (did you mean "range"?)
}
