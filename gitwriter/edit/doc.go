// Package edit changes image references inside YAML and JSON files without
// touching any other byte.
//
// Tools that decode a manifest and encode it again lose what the author put
// there: blank lines, comments, quoting, CRLF, the byte order mark, anchors,
// sometimes whole documents. This package never encodes. The parser of kyaml
// only tells where a value stands; the value's byte range is worked out from
// the source, the new text is spliced in, and the result is parsed again and
// compared node by node with what was meant. Where anything else came out, the
// file is refused with a [RefusedError] and stays as it is.
//
// What is found:
//
//   - image: values of any kind at any depth, in any document of the file, also in
//     the items of a List and as the value of a JSON patch;
//   - entries of kustomize's images: in Kustomization and Component files, in Flux's
//     Kustomization and HelmRelease, and in Argo CD's applications;
//   - images in parts, as in Helm values: repository and tag, with registry and
//     digest beside them, in any mapping or among parameters;
//   - the versions of charts in OCI registries, and the tags and digests of artifacts,
//     for Flux, Argo CD, K3s, kustomize, Helmfile and Helm's own dependencies;
//   - some fields of well-known kinds, and those that a [Finder] is told of;
//   - any scalar with a Flux marker behind it, such as
//     # {"$imagepolicy": "flux-system:podinfo:tag"}.
//
// Nothing is found where it isn't certain which image and version are meant: empty
// tags, version ranges, repositories of Git, templates and variables.
//
// Files are also found in files: the texts of Argo CD's and k3s' Helm values, of
// kustomize's patches and of ConfigMaps are read as files of their own, and edited
// where each of their lines stands in the outer file as it is. In a Go template
// that isn't YAML, only lines are read that say by themselves what they are.
//
// What is refused: values spread over several lines, block scalars of more than
// one line, anchors whose other users would change unasked, and values with a tag
// of their own. What is passed over, with a [Problem]: mappings with duplicate
// keys, files that aren't valid YAML, and embedded texts that are folded or have
// escapes. The package knows neither policies nor Git; it maps bytes to bytes.
package edit
