"""A lab as a teacher defines it, with its steps and checks."""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from lab_definition import DEFAULTS
from models.base import Id
from models.course import Activity


class Lab(Activity):
    """A machine to work in. What each field of its definition means says `lab_definition`."""

    __tablename__ = "labs"

    id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True)
    summary: Mapped[str] = mapped_column(default="")
    template: Mapped[str] = mapped_column(default=DEFAULTS.template)
    image: Mapped[str] = mapped_column(default=DEFAULTS.image)
    cpu_mhz: Mapped[int] = mapped_column(default=DEFAULTS.cpu_mhz)
    memory_mb: Mapped[int] = mapped_column(default=DEFAULTS.memory_mb)
    disk_mb: Mapped[int] = mapped_column(default=DEFAULTS.disk_mb)
    has_network: Mapped[bool] = mapped_column(default=DEFAULTS.has_network)
    idle_minutes: Mapped[int] = mapped_column(default=DEFAULTS.idle_minutes)
    max_life_minutes: Mapped[int] = mapped_column(default=DEFAULTS.max_life_minutes)
    memory_max_mb: Mapped[int] = mapped_column(default=DEFAULTS.memory_max_mb)
    kernel: Mapped[str] = mapped_column(default=DEFAULTS.kernel)
    initrd: Mapped[str] = mapped_column(default=DEFAULTS.initrd)
    kernel_args: Mapped[str] = mapped_column(default=DEFAULTS.kernel_args)
    ports: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}")
    busy_cpu_percent: Mapped[int] = mapped_column(default=DEFAULTS.busy_cpu_percent)
    save_limit_mb: Mapped[int] = mapped_column(default=DEFAULTS.save_limit_mb)
    setup_script: Mapped[str] = mapped_column(default="")
    solution_script: Mapped[str] = mapped_column(default="", server_default="")

    steps: Mapped[list["LabStep"]] = relationship(order_by="LabStep.position", back_populates="lab")
    checks: Mapped[list["LabCheck"]] = relationship(order_by="LabCheck.position", back_populates="lab")

    __mapper_args__ = {"polymorphic_identity": "lab"}
    __table_args__ = (  # type: ignore[assignment]  # of another table than the parent's
        # Which templates there are is said by `lab_templates`; a new one needs no migration.
        CheckConstraint("template ~ '^[a-z][a-z0-9_-]*$'", name="template"),
        CheckConstraint("idle_minutes > 0 AND max_life_minutes > 0", name="minutes"),
    )


class LabStep(Model):
    """One step of a lab's instructions; its solution is shown once its checks are passed."""

    __tablename__ = "lab_steps"

    id: Mapped[Id]
    lab_id: Mapped[int] = mapped_column(ForeignKey("labs.id", ondelete="CASCADE"))
    position: Mapped[int]
    title: Mapped[str]
    # The file in the archive that the step came from, so that an export writes it back under its name.
    file: Mapped[str] = mapped_column(default="", server_default="")
    body_md: Mapped[str]
    body_html: Mapped[str]
    solution_file: Mapped[str] = mapped_column(default="", server_default="")
    solution_md: Mapped[str] = mapped_column(default="", server_default="")
    solution_html: Mapped[str] = mapped_column(default="", server_default="")

    lab: Mapped[Lab] = relationship(back_populates="steps")

    __table_args__ = (UniqueConstraint("lab_id", "position", deferrable=True, initially="DEFERRED"),)


class LabCheck(Model):
    """A script that runs in the lab and exits 0 when the work is done. Archived ones keep students' points."""

    __tablename__ = "lab_checks"

    id: Mapped[Id]
    lab_id: Mapped[int] = mapped_column(ForeignKey("labs.id", ondelete="CASCADE"))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("lab_steps.id", ondelete="SET NULL"), index=True)
    slug: Mapped[str]
    position: Mapped[int]
    title: Mapped[str]
    file: Mapped[str] = mapped_column(default="", server_default="")
    script: Mapped[str]
    points: Mapped[int] = mapped_column(default=0)
    hint_md: Mapped[str] = mapped_column(default="")
    hint_html: Mapped[str] = mapped_column(default="")
    timeout_s: Mapped[int] = mapped_column(default=10)
    is_archived: Mapped[bool] = mapped_column(default=False, server_default="false")

    lab: Mapped[Lab] = relationship(back_populates="checks")
    step: Mapped[LabStep | None] = relationship()

    __table_args__ = (UniqueConstraint("lab_id", "slug"),)
