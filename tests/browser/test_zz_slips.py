import pytest
from tests.browser.conftest import DESKTOP, PHONE, check_page, log_in_office
pytestmark = pytest.mark.browser
def test_look(demo, open_page):
    demo.manage("shell","-c","from results.models import Entry;[Entry.objects.filter(pk=e.pk).update(secret_digest='') for e in Entry.objects.filter(user=None).order_by('session','pk')[:7]]")
    page = open_page()
    log_in_office(page, demo, demo.people("staff")[0])
    base=demo.urls["staff"]
    page.goto(base+"/admin/results/lostslip/"); page.click("#result_list tbody a"); check_page(page); page.screenshot(path="/tmp/slips/s2.png",full_page=True)
    for i in range(1,7):
        page.goto(f"{base}/admin/results/slipissue/session/{i}/")
        if page.query_selector("button[name=sure]"): break
    here=page.url
    check_page(page); page.screenshot(path="/tmp/slips/s3.png",full_page=True)
    with page.expect_download() as d: page.click("button[name=sure]")
    print(d.value.suggested_filename); d.value.save_as("/tmp/slips/dl.pdf")
    page.goto(here); check_page(page); page.screenshot(path="/tmp/slips/s4.png",full_page=True)
    page.click(".slip-files a"); check_page(page); page.screenshot(path="/tmp/slips/s5.png",full_page=True)
    page.goto(f"{base}/admin/results/slipissue/"); page.click("#result_list tbody a"); check_page(page)
    phone=open_page(viewport=PHONE)
    phone.goto(demo.urls["candidates"]+"/lost-slip/"); check_page(phone); phone.click("form.form button"); check_page(phone); phone.screenshot(path="/tmp/slips/s6.png",full_page=True)
    phone.goto(demo.urls["candidates"]+"/lost-slip/sent/"); check_page(phone); phone.screenshot(path="/tmp/slips/s7.png",full_page=True)
