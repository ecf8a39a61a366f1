"""The whole config of a run: one section per stage."""

from __future__ import annotations

from pydantic import Field

from clio.config.audit import AuditConfig
from clio.config.base import Section
from clio.config.facets import FacetsConfig
from clio.config.ingest import IngestConfig
from clio.config.models import EmbeddedWriter, EncoderConfig, WriterConfig
from clio.config.redact import RedactConfig
from clio.config.release import ReleaseConfig
from clio.config.stages import ArrangeConfig, ClusterConfig, DescribeConfig, ProjectConfig
from clio.config.workspace import WorkspaceConfig


class RunConfig(Section):
    """What ``clio run CONFIG`` reads. Every key has a default: an empty file is a valid config."""

    title: str = "Usage of our assistant"
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """The one source of randomness: the same seed, input and models give the same release."""
    ingest: IngestConfig = IngestConfig()
    redact: RedactConfig = RedactConfig()
    facets: FacetsConfig = FacetsConfig()
    writer: WriterConfig = EmbeddedWriter()
    encoder: EncoderConfig = EncoderConfig()
    cluster: ClusterConfig = ClusterConfig()
    describe: DescribeConfig = DescribeConfig()
    arrange: ArrangeConfig = ArrangeConfig()
    audit: AuditConfig = AuditConfig()
    project: ProjectConfig = ProjectConfig()
    release: ReleaseConfig = ReleaseConfig()
    workspace: WorkspaceConfig = WorkspaceConfig()

    @property
    def clusters_conversations(self) -> bool:
        """Whether vectors are made of conversations (see ``encoder.input``), not of answers to a facet."""
        if self.encoder.input == "auto":
            return self.writer.backend == "embedded"
        return self.encoder.input == "conversation"
