package build

import "encoding/json"

// Options are what a Sync says of how its folder is built, beside what stands in the
// repository. The zero value asks for nothing special.
type Options struct {
	// Namespace is where objects go that name none: Helm's release namespace.
	Namespace string
	// Release is Helm's release name; the Sync's own name by default.
	Release string
	// Helm is for folders that hold a chart.
	Helm Helm
	// Variables replace ${NAME} in what was built; nil leaves the text as it is. A name
	// that isn't among them is an error.
	Variables map[string]string
	// Decryption opens what SOPS has encrypted; nil makes such files an error.
	Decryption Decrypter
	// Cluster says what the cluster can do, for Helm's Capabilities.
	Cluster Capabilities
}

// Helm are the options of a chart.
type Helm struct {
	// ValuesFiles are slash paths relative to the chart's folder, later ones win. They stay
	// inside the repository. The chart's own values.yaml is always the first.
	ValuesFiles []string
	// Values are inline values, a JSON object; they win over all files.
	Values json.RawMessage
	// SkipCRDs leaves out the chart's crds folder.
	SkipCRDs bool
}

// Capabilities are what a chart may ask of the cluster that it is rendered for.
type Capabilities struct {
	// KubeVersion is the API server's version, such as "v1.36.3"; Helm's own default where it is empty.
	KubeVersion string
	// APIVersions are those that are served, such as "apps/v1" and "apps/v1/Deployment".
	APIVersions []string
}

// Decrypter opens files that SOPS has encrypted.
type Decrypter interface {
	// Decrypt gives the plain text of a file, whose name's ending says the format.
	Decrypt(name string, data []byte) ([]byte, error)
	// Key differs wherever the keys differ, and tells nothing of them: a build may be
	// remembered under it.
	Key() string
}
