"""What becomes of each member of the S3 operations that this machine does."""

from mlops_new.aws_api.http.request_members import Members, Refusal

_OWNER = frozenset({"Bucket", "ExpectedBucketOwner"})
_OBJECT = _OWNER | {"Key"}
_READ_CONDITIONS = frozenset({"IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince"})
_WRITE_CONDITIONS = frozenset({"IfMatch", "IfNoneMatch"})
_SOURCE = frozenset({"CopySource", "ExpectedSourceBucketOwner", *(f"CopySource{name}" for name in _READ_CONDITIONS)})
_ABOUT = frozenset(
    {
        *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires"),
        *("Metadata", "StorageClass"),
    }
)
ALGORITHMS = (*("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"),)
_CHECKSUMS = frozenset({f"Checksum{name}" for name in ALGORITHMS})
_BODY = frozenset({"Body", "ContentLength", "ContentMD5", "ChecksumAlgorithm"}) | _CHECKSUMS
_READ = (
    _OBJECT
    | _READ_CONDITIONS
    | {"Range", "VersionId", "PartNumber", "ChecksumMode"}
    | {f"Response{name}" for name in _ABOUT - {"Metadata", "StorageClass"}}
)
_LIST = _OWNER | {"Delimiter", "EncodingType", "MaxKeys", "Prefix"}
_PARTS = frozenset({f"MultipartUpload.Parts.{name}" for name in ("ETag", "PartNumber", *_CHECKSUMS)})

_HONOURED = {
    "CreateBucket": frozenset({"Bucket", "CreateBucketConfiguration.LocationConstraint"}),
    "HeadBucket": _OWNER,
    "GetBucketLocation": _OWNER,
    "GetBucketVersioning": _OWNER,
    "ListBuckets": frozenset({"MaxBuckets", "ContinuationToken", "Prefix", "BucketRegion"}),
    "DeleteBucket": _OWNER,
    "GetObject": _READ,
    "HeadObject": _READ,
    "GetObjectAttributes": _OBJECT | {"VersionId", "MaxParts", "PartNumberMarker", "ObjectAttributes"},
    "PutObject": _OBJECT | _ABOUT | _BODY | _WRITE_CONDITIONS,
    "CopyObject": _OBJECT | _ABOUT | _SOURCE | _WRITE_CONDITIONS | {"MetadataDirective", "ChecksumAlgorithm"},
    "DeleteObject": _OBJECT | {"VersionId", "IfMatch", "IfMatchLastModifiedTime", "IfMatchSize"},
    "DeleteObjects": _OWNER
    | {"ChecksumAlgorithm", "Delete.Quiet"}
    | {f"Delete.Objects.{name}" for name in ("Key", "VersionId", "ETag", "LastModifiedTime", "Size")},
    "ListObjects": _LIST | {"Marker"},
    "ListObjectsV2": _LIST | {"ContinuationToken", "FetchOwner", "StartAfter"},
    "ListObjectVersions": _LIST | {"KeyMarker", "VersionIdMarker"},
    "CreateMultipartUpload": _OBJECT | _ABOUT | {"ChecksumAlgorithm", "ChecksumType"},
    "UploadPart": _OBJECT | _BODY | {"PartNumber", "UploadId"},
    "UploadPartCopy": _OBJECT | _SOURCE | {"CopySourceRange", "PartNumber", "UploadId"},
    "ListParts": _OBJECT | {"UploadId", "MaxParts", "PartNumberMarker"},
    "ListMultipartUploads": _OWNER
    | {"Delimiter", "EncodingType", "Prefix", "KeyMarker", "UploadIdMarker", "MaxUploads"},
    "CompleteMultipartUpload": _OBJECT
    | _WRITE_CONDITIONS
    | _CHECKSUMS
    | _PARTS
    | {"UploadId", "ChecksumType", "MpuObjectSize"},
    "AbortMultipartUpload": _OBJECT | {"UploadId", "IfMatchInitiatedTime"},
}

_HARMLESS = {
    "RequestPayer": "nobody pays",
    "MFA": "no bucket here asks for a second factor",
    "BypassGovernanceRetention": "nothing here is under retention",
    "OptionalObjectAttributes": "it asks for the state of restores, and nothing here is archived",
    "TaggingDirective": "no object here has tags",
    "AnnotationDirective": "no object here has annotations",
}

_ENCRYPTED = Refusal("objects are plain files of this machine, nothing is encrypted: leave it out")
_ACL = Refusal("there is one owner and no access control on this machine: leave it out")
_LOCK = Refusal("nothing can be locked on this machine: leave it out", but=frozenset({False, "OFF"}))
_TAGS = Refusal("objects and buckets have no tags on this machine: leave it out", but=frozenset({""}))
_DIRECTORY = Refusal("there are no directory buckets on this machine")

_REFUSED = {
    "ACL": Refusal(_ACL.why, but=frozenset({"private", "bucket-owner-full-control", "bucket-owner-read"})),
    **{f"Grant{name}": _ACL for name in ("FullControl", "Read", "ReadACP", "Write", "WriteACP")},
    "ObjectOwnership": Refusal(_ACL.why, but=frozenset({"BucketOwnerEnforced"})),
    "BucketNamespace": Refusal("names of buckets are this machine's own", but=frozenset({"global"})),
    "ServerSideEncryption": _ENCRYPTED,
    **{f"SSECustomer{name}": _ENCRYPTED for name in ("Algorithm", "Key", "KeyMD5")},
    **{f"CopySourceSSECustomer{name}": _ENCRYPTED for name in ("Algorithm", "Key", "KeyMD5")},
    "SSEKMSKeyId": _ENCRYPTED,
    "SSEKMSEncryptionContext": _ENCRYPTED,
    "BucketKeyEnabled": Refusal(_ENCRYPTED.why, but=frozenset({False})),
    "ObjectLockEnabledForBucket": _LOCK,
    **{f"ObjectLock{name}": _LOCK for name in ("Mode", "RetainUntilDate", "LegalHoldStatus", "EventHold")},
    **{f"ObjectLockEventHoldDuration{name}": _LOCK for name in ("Days", "Years")},
    "Tagging": _TAGS,
    "CreateBucketConfiguration.Tags.Key": _TAGS,
    "CreateBucketConfiguration.Tags.Value": _TAGS,
    "CreateBucketConfiguration.Location.Type": _DIRECTORY,
    "CreateBucketConfiguration.Location.Name": _DIRECTORY,
    "CreateBucketConfiguration.Bucket.DataRedundancy": _DIRECTORY,
    "CreateBucketConfiguration.Bucket.Type": _DIRECTORY,
    "WebsiteRedirectLocation": Refusal("nothing is served as a website on this machine"),
    "WriteOffsetBytes": Refusal("objects are stored whole: nothing can be appended", but=frozenset()),
}

MEMBERS = Members(_HONOURED, _HARMLESS, _REFUSED)
