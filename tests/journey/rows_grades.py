"""How the forms of grades are filled in: searching the gradebook, setting a score, and what if."""

from playwright.sync_api import expect

from tests.journey.rows import COURSE, STAFF, Person, form
from tests.journey.rows_courses import add_student


@form("GET gradebook.show (q)", "gradebook/show.html", roles=STAFF)
def search_the_gradebook(person: Person) -> None:
    add_student(person.site, f"victor-{person.name}")
    person.open(f"{COURSE}/gradebook")
    person.page.get_by_label("Search students").fill(f"victor-{person.name}")
    person.send("Search", "form.search")
    expect(person.page.locator("table.gradebook tbody tr")).to_have_count(1)
    expect(person.page.locator("table.gradebook")).to_contain_text(f"victor-{person.name}@example.org")


@form("POST gradebook.set_mark (is_exempt, note, percent)", "gradebook/student.html", roles=STAFF)
def set_a_score(person: Person) -> None:
    add_student(person.site, f"walter-{person.name}")
    person.open(f"{COURSE}/gradebook?q=walter-{person.name}")
    person.page.locator("table.gradebook tbody a").first.click()
    item = person.page.locator(".grade-items > li").first
    item.locator("summary").click()
    item.get_by_label("Score in per cent").fill("82,5")
    item.get_by_role("button", name="Save").click()
    expect(item.get_by_role("alert")).to_contain_text("say why")
    expect(item.get_by_label("Score in per cent")).to_have_value("82,5")
    item.get_by_label("Note to the student").fill("Told at the blackboard")
    item.get_by_role("button", name="Save").click()
    person.expect_flash("Saved.")
    expect(item.locator(".grade-score")).to_contain_text("82.5 %")
    expect(item).to_contain_text("Told at the blackboard")


@form("GET my_grades.show (if-N)", "gradebook/mine.html", roles=("bob",))
def suppose_scores(person: Person) -> None:
    person.open(f"{COURSE}/grades")
    for field in person.page.locator("[name^=if-]").all():
        field.fill("80")
    person.send("What would my grade be?", "form#what-if")
    expect(person.page.locator("#supposed")).to_contain_text("80 % in total")
