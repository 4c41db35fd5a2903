module zcc/document-reader

go 1.26.0

require (
	github.com/json-iterator/go v1.1.12
	github.com/opencontainers/image-spec v1.1.1
)

require (
	github.com/modern-go/concurrent v0.0.0-20180228061459-e0a39a4cb421 // indirect
	github.com/modern-go/reflect2 v1.0.2 // indirect
	github.com/opencontainers/go-digest v1.0.0 // indirect
)
