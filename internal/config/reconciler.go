package config

import "fmt"

// Reconciler is the configuration file of `towline reconciler`, kind ReconcilerConfig.
type Reconciler struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	// Statuses names the repositories on whose commits the reconciler reports,
	// with the credential for that; others are applied without a report.
	Statuses []Repository `yaml:"statuses"`
}

// LoadReconciler reads and validates a file of the kind ReconcilerConfig.
func LoadReconciler(name string) (Reconciler, error) {
	data, err := read(name)
	if err != nil {
		return Reconciler{}, err
	}
	return ParseReconciler(name, data)
}

// ParseReconciler reads and validates the configuration in data; name is for
// messages. The error is of the type policy.Problems when the content is wrong.
func ParseReconciler(name string, data []byte) (Reconciler, error) {
	var r Reconciler
	v, err := decode(name, data, &r)
	if err != nil {
		return Reconciler{}, err
	}
	v.kind(r.APIVersion, r.Kind, "ReconcilerConfig")
	for i := range r.Statuses {
		s := &r.Statuses[i]
		v.repository(fmt.Sprintf("statuses[%d]", i), s)
		v.check(s.Committer == (Committer{}) && s.Signing == nil && s.BranchPrefix == "" && len(s.Paths) == 0,
			"statuses[%d] says how commits are made", "the reconciler makes none", i)
		v.check(s.Auth.SSH == nil, "statuses[%d].url is an ssh URL, which no Sync has", "give the URL that the Sync has", i)
		v.check(s.Branch == "" && s.Interval == 0, "statuses[%d] has a branch or an interval", "those stand in the Sync", i)
	}
	return r, v.problems.Err()
}
